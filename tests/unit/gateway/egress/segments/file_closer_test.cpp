#include "gateway/egress/segments/file_closer.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "support/allocation_counter.hpp"
#include "support/idle_file.hpp"

namespace gateway::egress {
namespace {

// A file that does nothing but tell that it is being closed.
class Closing final : public gateway::test::IdleFile {
 public:
  explicit Closing(std::function<void()> on_close) : on_close_(std::move(on_close)) {}
  ~Closing() override { on_close_(); }
  Closing(const Closing&) = delete;
  Closing& operator=(const Closing&) = delete;

 private:
  std::function<void()> on_close_;
};

class FileCloserTest : public testing::Test {
 protected:
  // Hands a file over whose close takes until release().
  void close_slowly() {
    closer_->close(std::make_unique<Closing>([this] {
      begun_.set_value(std::this_thread::get_id());
      released_.get_future().wait();
      ++closed_;
    }));
  }
  void release() { released_.set_value(); }
  void close() {
    closer_->close(std::make_unique<Closing>([this] {
      last_closed_by_ = std::this_thread::get_id();
      ++closed_;
    }));
  }

  std::promise<std::thread::id> begun_;
  std::promise<void> released_;
  std::atomic<std::size_t> closed_{0};
  std::atomic<std::thread::id> last_closed_by_;
  std::unique_ptr<FileCloser> closer_ = std::make_unique<FileCloser>();
};

TEST_F(FileCloserTest, ACloseThatTakesLongHoldsNobodyUp) {
  close_slowly();
  EXPECT_NE(begun_.get_future().get(), std::this_thread::get_id());
  close();
  EXPECT_EQ(closed_, 0U);
  release();
  closer_.reset();
  EXPECT_EQ(closed_, 2U) << "the destructor waits for all";
}

TEST_F(FileCloserTest, ClosesOnTheCallersThreadWhatIsTooMuch) {
  close_slowly();
  begun_.get_future().wait();
  for (std::size_t i = 0; i < FileCloser::kMostWaiting; ++i) close();
  EXPECT_EQ(closed_, 0U);
  close();
  EXPECT_EQ(closed_, 1U);
  EXPECT_EQ(last_closed_by_.load(), std::this_thread::get_id());
  release();
  closer_.reset();
  EXPECT_EQ(closed_, FileCloser::kMostWaiting + 2);
}

TEST_F(FileCloserTest, FinishesWhenAllAreClosed) {
  close_slowly();
  for (std::size_t i = 1; i < FileCloser::kMostWaiting; ++i) close();
  begun_.get_future().wait();
  std::thread other([this] { release(); });
  closer_->finish();
  EXPECT_EQ(closed_, FileCloser::kMostWaiting);
  other.join();
  closer_->finish();
}

TEST_F(FileCloserTest, AFileThatIsNotOpenNeedsNoThread) {
  closer_->close(nullptr);
  closer_.reset();
  EXPECT_EQ(closed_, 0U);
}

TEST(FileCloser, ClosesAFileItselfWhereThereIsNoMemoryForAThread) {
  using gateway::test::AllocationCounter;
  if (!AllocationCounter::available()) GTEST_SKIP() << "sanitizers own malloc";
  bool closed = false;
  FileCloser closer;
  auto file = std::make_unique<Closing>([&] { closed = true; });
  {
    const AllocationCounter::IncludeThread counted;
    AllocationCounter::refuse(0, 1);
    closer.close(std::move(file));
    AllocationCounter::refuse_no_more();
  }
  EXPECT_TRUE(closed);
}

}  // namespace
}  // namespace gateway::egress
