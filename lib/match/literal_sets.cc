#include "match/literal_sets.h"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace vakt::match {
namespace {

struct Union {
  std::vector<AtomId> atoms;
  std::vector<std::size_t> members;
};

std::size_t limit(std::size_t smallest) { return smallest + smallest / 4; }

}  // namespace

void share_alike(const std::vector<std::vector<AtomId>*>& sets) {
  std::vector<std::size_t> order(sets.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return sets[a]->size() > sets[b]->size(); });
  std::vector<Union> unions;
  std::vector<AtomId> both;
  // From the largest on: each new one is its union's smallest, the only one to compare with.
  for (const std::size_t i : order) {
    const std::vector<AtomId>& set = *sets[i];
    const auto fits = [&](const Union& u) {
      if (u.atoms.size() > limit(set.size())) return false;
      both.clear();
      std::set_union(u.atoms.begin(), u.atoms.end(), set.begin(), set.end(),
                     std::back_inserter(both));
      return both.size() <= limit(set.size());
    };
    const auto it = std::find_if(unions.begin(), unions.end(), fits);
    if (it == unions.end()) {
      unions.push_back({set, {i}});
    } else {
      it->atoms.swap(both);
      it->members.push_back(i);
    }
  }
  for (const Union& u : unions)
    for (const std::size_t i : u.members) *sets[i] = u.atoms;
}

}  // namespace vakt::match
