#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace gateway::checkup {

enum class Verdict : std::uint8_t { ok, warn, fail };

// What a failure is a matter of; `run` would end with the exit code of the same name.
enum class Blame : std::uint8_t { none, unavailable, denied, configuration };

// One thing that was examined, in words for people. Holds no secrets.
class Finding {
 public:
  Finding() = default;
  [[nodiscard]] static Finding ok(std::string subject, std::string text) {
    return {Verdict::ok, Blame::none, std::move(subject), std::move(text), {}};
  }
  [[nodiscard]] static Finding warn(std::string subject, std::string text, std::string advice) {
    return {Verdict::warn, Blame::none, std::move(subject), std::move(text), std::move(advice)};
  }
  [[nodiscard]] static Finding fail(Blame blame, std::string subject, std::string text,
                                    std::string advice) {
    return {Verdict::fail, blame, std::move(subject), std::move(text), std::move(advice)};
  }
  // Returns the finding with a failure turned into a warning: there are others that work.
  [[nodiscard]] Finding softened() && {
    if (verdict_ == Verdict::fail) verdict_ = Verdict::warn;
    blame_ = Blame::none;
    return std::move(*this);
  }

  [[nodiscard]] Verdict verdict() const noexcept { return verdict_; }
  [[nodiscard]] Blame blame() const noexcept { return blame_; }
  [[nodiscard]] const std::string& subject() const noexcept { return subject_; }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  // Returns what to do about it; empty if nothing has to be done, or nothing is known.
  [[nodiscard]] const std::string& advice() const noexcept { return advice_; }

 private:
  Finding(Verdict verdict, Blame blame, std::string subject, std::string text, std::string advice)
      : verdict_(verdict),
        blame_(blame),
        subject_(std::move(subject)),
        text_(std::move(text)),
        advice_(std::move(advice)) {}

  Verdict verdict_ = Verdict::ok;
  Blame blame_ = Blame::none;
  std::string subject_;
  std::string text_;
  std::string advice_;
};
static_assert(!std::is_aggregate_v<Finding>);

using Findings = std::vector<Finding>;

// Returns which of several failures has to be dealt with first: a configuration that cannot work,
// then missing rights, then what is not there.
[[nodiscard]] Blame gravest(std::span<const Finding> findings) noexcept;

// Returns a line for each, aligned, with the advice on a line below. Control characters are `?`.
[[nodiscard]] std::string text_of(std::span<const Finding> findings);
// Returns {"ok": ..., "findings": [{"verdict", "subject", "text", "advice"}]}.
[[nodiscard]] std::string json_of(std::span<const Finding> findings);

}  // namespace gateway::checkup
