// Building expressions. Internal to this folder.
#pragma once

#include <utility>
#include <vector>

#include "rule/rule.h"

namespace vakt::rule {

// `children` linked by all or any; a single child stands for itself.
inline Expr link(Expr::Kind kind, std::vector<Expr> children) {
  if (children.size() == 1) return std::move(children.front());
  Expr out;
  out.kind = kind;
  out.children = std::move(children);
  return out;
}

inline Expr negate(Expr child) {
  Expr out;
  out.kind = Expr::Kind::negate;
  out.children.push_back(std::move(child));
  return out;
}

}  // namespace vakt::rule
