#pragma once
#include <cstdint>

namespace gateway::test {

// Counts heap allocations (malloc and its kin, hence operator new) of every thread but those that
// exclude themselves: what is left are the threads of the gateway under test. Sanitizers own
// malloc, so under them nothing is counted and available() is false.
class AllocationCounter {
 public:
  [[nodiscard]] static bool available() noexcept;
  // Since the program began, by the threads of event loops.
  [[nodiscard]] static std::uint64_t count() noexcept;
  // Refuses memory (malloc returns null) to `times` allocations of those that are counted, after
  // `after` more of them.
  static void refuse(std::uint64_t after, std::uint64_t times) noexcept;
  static void refuse_no_more() noexcept { refuse(0, 0); }

  // The calling thread's allocations are not counted while this lives.
  class ExcludeThread {
   public:
    ExcludeThread() noexcept;
    ~ExcludeThread();
    ExcludeThread(const ExcludeThread&) = delete;
    ExcludeThread& operator=(const ExcludeThread&) = delete;

   private:
    bool before_;
  };
  // The opposite, within the life of an ExcludeThread.
  class IncludeThread {
   public:
    IncludeThread() noexcept;
    ~IncludeThread();
    IncludeThread(const IncludeThread&) = delete;
    IncludeThread& operator=(const IncludeThread&) = delete;

   private:
    bool before_;
  };
};

}  // namespace gateway::test
