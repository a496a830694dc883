// A rule's condition over atoms: the tree it compiles to, what an index needs to know of it, and
// the flat form that is evaluated.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace vakt::match {

using AtomId = std::uint32_t;

enum class NodeKind : std::uint8_t { all, any, negate, atom };

struct Tree {
  NodeKind kind = NodeKind::all;
  AtomId atom = 0;
  std::vector<Tree> children;
};

// One node in prefix order; the children of a node follow it, its next sibling is at `next`.
struct Node {
  NodeKind kind = NodeKind::all;
  AtomId atom = 0;
  std::uint32_t next = 0;
};

// Atoms of which at least one is true whenever the tree is, and what looking at them costs.
struct Required {
  std::vector<AtomId> atoms;
  double cost = 0;
};

// `cost(atom)`: how often the atom is expected to be true, times what follows from it; nullopt when
// it cannot be looked for beforehand. Nullopt: the tree can be true with no such atom true.
template <class Cost>
std::optional<Required> required_atoms(const Tree& tree, const Cost& cost) {
  switch (tree.kind) {
    case NodeKind::negate:
      return std::nullopt;
    case NodeKind::atom: {
      const std::optional<double> c = cost(tree.atom);
      if (!c) return std::nullopt;
      return Required{{tree.atom}, *c};
    }
    case NodeKind::any: {
      Required out;
      for (const Tree& child : tree.children) {
        const auto r = required_atoms(child, cost);
        if (!r) return std::nullopt;
        out.atoms.insert(out.atoms.end(), r->atoms.begin(), r->atoms.end());
        out.cost += r->cost;
      }
      return out;
    }
    case NodeKind::all: {
      std::optional<Required> best;
      for (const Tree& child : tree.children) {
        auto r = required_atoms(child, cost);
        if (r && (!best || r->cost < best->cost)) best = std::move(r);
      }
      return best;
    }
  }
  return std::nullopt;
}

// Atoms each of which makes the tree true alone.
void sufficient_atoms(const Tree& tree, std::vector<AtomId>& out);

// Atoms that stand under an even number of negations somewhere / anywhere at all.
void positive_atoms(const Tree& tree, std::vector<AtomId>& out);
void all_atoms(const Tree& tree, std::vector<AtomId>& out);

// Appends the tree to `nodes`; atoms for which `cheap` holds come first among their siblings.
template <class Cheap>
void flatten(const Tree& tree, const Cheap& cheap, std::vector<Node>& nodes) {
  const std::size_t at = nodes.size();
  nodes.push_back({tree.kind, tree.atom, 0});
  for (int rank = 0; rank < 3; ++rank) {
    for (const Tree& child : tree.children) {
      const int own = child.kind != NodeKind::atom ? 2 : cheap(child.atom) ? 0 : 1;
      if (own == rank) flatten(child, cheap, nodes);
    }
  }
  nodes[at].next = static_cast<std::uint32_t>(nodes.size());
}

// The value of the node at `at`; `truth(atom)` is asked only for what decides.
template <class Truth>
bool evaluate(std::span<const Node> nodes, std::uint32_t at, Truth& truth) {
  const Node& node = nodes[at];
  switch (node.kind) {
    case NodeKind::atom:
      return truth(node.atom);
    case NodeKind::negate:
      return !evaluate(nodes, at + 1, truth);
    case NodeKind::all:
      for (std::uint32_t i = at + 1; i < node.next; i = nodes[i].next) {
        if (!evaluate(nodes, i, truth)) return false;
      }
      return true;
    case NodeKind::any:
      for (std::uint32_t i = at + 1; i < node.next; i = nodes[i].next) {
        if (evaluate(nodes, i, truth)) return true;
      }
      return false;
  }
  return false;
}

}  // namespace vakt::match
