#include "match/condition.h"

namespace vakt::match {
namespace {

void collect(const Tree& tree, bool positive, bool negative_too, std::vector<AtomId>& out) {
  if (tree.kind == NodeKind::atom) {
    if (positive || negative_too) out.push_back(tree.atom);
    return;
  }
  const bool below = tree.kind == NodeKind::negate ? !positive : positive;
  for (const Tree& child : tree.children) collect(child, below, negative_too, out);
}

}  // namespace

void sufficient_atoms(const Tree& tree, std::vector<AtomId>& out) {
  const bool through =
      tree.kind == NodeKind::any || (tree.kind == NodeKind::all && tree.children.size() == 1);
  if (tree.kind == NodeKind::atom) out.push_back(tree.atom);
  if (!through) return;
  for (const Tree& child : tree.children) sufficient_atoms(child, out);
}

void positive_atoms(const Tree& tree, std::vector<AtomId>& out) { collect(tree, true, false, out); }

void all_atoms(const Tree& tree, std::vector<AtomId>& out) { collect(tree, true, true, out); }

}  // namespace vakt::match
