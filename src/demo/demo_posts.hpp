#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "testkit/post.hpp"
#include "testkit/synthetic_payloads.hpp"

namespace gateway::demo {

inline constexpr int kExitGood = 0;
// How posts are sent.
inline constexpr unsigned kConnections = 8;
inline constexpr std::chrono::seconds kTimeout{30};  // of one
// The longest turn: until a signal is noticed and the status is shown anew.
inline constexpr std::chrono::milliseconds kTick{100};

// The posts of a demonstration, each made once: synthetic COS payloads of events that happen now.
class DemoPosts final : public test::PostSource {
 public:
  // Called just before the post is sent, and when it was answered (0: not).
  using OnPost = std::function<void(std::uint64_t number, const test::SyntheticPost& payload)>;
  using OnEnd = std::function<void(std::uint64_t number, unsigned records, unsigned status)>;

  DemoPosts(unsigned max_records, std::string host, std::string target, OnPost on_post,
            OnEnd on_end);

 private:
  struct Made {
    test::Post post;
    std::uint64_t number = 0;
  };

  const test::Post* next() override;
  bool ended(const test::Post& post, unsigned status, std::string_view text) override;

  test::SyntheticPayloads payloads_;
  test::SyntheticPost payload_;
  std::string host_;
  std::string target_;
  OnPost on_post_;
  OnEnd on_end_;
  std::uint64_t count_ = 0;
  std::unordered_map<const test::Post*, std::unique_ptr<Made>> made_;  // that have not ended
};

// One payload, posted once.
class OnePost final : public test::PostSource {
 public:
  explicit OnePost(test::Post post) : post_(std::move(post)) {}

  [[nodiscard]] unsigned status() const noexcept { return status_; }  // 0: no answer
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  const test::Post* next() override { return std::exchange(made_, true) ? nullptr : &post_; }
  bool ended(const test::Post& /*post*/, unsigned status, std::string_view text) override {
    status_ = status;
    text_ = text;
    return false;
  }

  test::Post post_;
  bool made_ = false;
  unsigned status_ = 0;
  std::string text_;
};

}  // namespace gateway::demo
