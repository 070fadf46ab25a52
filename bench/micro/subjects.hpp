#pragma once
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace gateway::micro {

// The work of one call of the body of a subject.
struct Work {
  std::size_t bytes = 0;
  std::size_t items = 1;  // records, requests, answers: what it does over and over
};

// One measured operation: by the clock (Google Benchmark) or in instructions (callgrind).
struct Subject {
  std::string name;
  Work work;
  std::function<void(benchmark::State&)> time;
  // Prepares a body and returns a function that calls it a given number of times.
  std::function<std::function<void(std::size_t)>()> prepare;
};

class Subjects {
 public:
  // Adds a subject. `make()` returns what the body works on, and is not measured; `body(it)` is.
  template <class Make, class Body>
  void add(std::string name, Work work, const Make& make, const Body& body) {
    using Object = std::invoke_result_t<Make>;
    Subject subject;
    subject.name = std::move(name);
    subject.work = work;
    subject.time = [make, body, work](benchmark::State& state) {
      Object object = make();
      for (auto _ : state) body(object);
      if (work.bytes != 0) {
        state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(work.bytes));
      }
      state.counters["per_item"] = benchmark::Counter(
          static_cast<double>(work.items),
          benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
    };
    subject.prepare = [make, body]() -> std::function<void(std::size_t)> {
      return [object = std::shared_ptr<Object>(new Object(make())), body](std::size_t times) {
        for (std::size_t i = 0; i < times; ++i) body(*object);
      };
    };
    all_.push_back(std::move(subject));
  }

  [[nodiscard]] const std::vector<Subject>& all() const noexcept { return all_; }

 private:
  std::vector<Subject> all_;
};

void add_splitting(Subjects& subjects);
void add_encoding(Subjects& subjects);
void add_identity(Subjects& subjects);
void add_requests(Subjects& subjects);
void add_answers(Subjects& subjects);
void add_delivery(Subjects& subjects);
void add_budget(Subjects& subjects);
void add_signing(Subjects& subjects);

}  // namespace gateway::micro
