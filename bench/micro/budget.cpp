#include <cstdlib>

#include "micro/subjects.hpp"
#include "runtime/buffer_pool.hpp"
#include "runtime/byte_budget.hpp"

namespace gateway::micro {

void add_budget(Subjects& subjects) {
  struct Budget {
    ByteBudget all{std::size_t{64} << 20};
    ByteLease lease{all, 2};
  };
  // Takes and returns the share of a post, from the lease of the shard, or beyond it from the
  // budget that all shards share.
  for (const bool small : {true, false}) {
    const std::size_t bytes = small ? 1000 : std::size_t{16} << 20;
    subjects.add(
        small ? "budget/lease" : "budget/shared", {}, [] { return Budget(); },
        [bytes](Budget& budget) {
          ByteLease::Units units;
          if (!budget.lease.try_take(bytes, units)) std::abort();
          benchmark::DoNotOptimize(units);
        });
  }
  subjects.add(
      "buffer_pool", {}, [] { return BufferPool(); },
      [](BufferPool& pool) { benchmark::DoNotOptimize(pool.take(BufferPool::kSmallest).data()); });
}

}  // namespace gateway::micro
