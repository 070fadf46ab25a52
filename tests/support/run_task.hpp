#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "runtime/asio.hpp"

namespace gateway::test {

// Runs a coroutine to its end, and with it all other work the context has; whatever it leaves
// waiting would hang the test.
template <class T>
[[nodiscard]] T run_task(asio::io_context& context, Task<T> task) {
  std::optional<T> result;
  std::exception_ptr error;
  asio::co_spawn(context.get_executor(), std::move(task),
                 [&](const std::exception_ptr& failure, T value) {
                   error = failure;
                   result.emplace(std::move(value));
                 });
  context.restart();
  context.run();
  if (error) std::rethrow_exception(error);
  return std::move(*result);
}

}  // namespace gateway::test
