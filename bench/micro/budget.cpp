#include <cstdlib>
#include <memory>

#include "micro/subjects.hpp"
#include "runtime/buffer_pool.hpp"
#include "runtime/byte_budget.hpp"

namespace gateway::micro {

void add_budget(Subjects& subjects) {
  // Takes and returns the share of a post, from the lease of the shard, or beyond it from the
  // budget that all shards share.
  for (const bool small : {true, false}) {
    subjects.add(small ? "budget/lease" : "budget/shared", {}, [small] {
      struct State {
        ByteBudget budget{std::size_t{64} << 20};
        ByteLease lease{budget, 2};
      };
      const auto state = std::make_shared<State>();
      const std::size_t bytes = small ? 1000 : std::size_t{16} << 20;
      return [state, bytes] {
        ByteLease::Units units;
        if (!state->lease.try_take(bytes, units)) std::abort();
        benchmark::DoNotOptimize(units);
      };
    });
  }
  subjects.add("buffer_pool", {}, [] {
    const auto pool = std::make_shared<BufferPool>();
    return [pool] { benchmark::DoNotOptimize(pool->take(BufferPool::kSmallest).data()); };
  });
}

}  // namespace gateway::micro
