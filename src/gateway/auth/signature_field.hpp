#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "cloud/digest.hpp"

namespace gateway::auth {

// The value of the header field X-Cos-Signature: `t=<Unix seconds>,v1=<hex>`, where v1 is
// HMAC-SHA256(key, "<t>." + body). One v1 for each key the sender has, at most kMostDigests; other
// members are for other versions and are passed over.
class SignatureField {
 public:
  static constexpr std::size_t kMostDigests = 4;

  // Nothing if it is not of that form. The result refers to `value`.
  [[nodiscard]] static std::optional<SignatureField> read(std::string_view value) noexcept;

  // As it was written, which is what was signed.
  [[nodiscard]] std::string_view time_text() const noexcept { return time_text_; }
  [[nodiscard]] std::chrono::sys_seconds time() const noexcept { return time_; }
  [[nodiscard]] std::span<const cloud::Digest> digests() const noexcept {
    return {digests_.data(), count_};
  }

 private:
  SignatureField() = default;
  [[nodiscard]] bool read_time(std::string_view text) noexcept;
  [[nodiscard]] bool read_digest(std::string_view text) noexcept;

  std::string_view time_text_;
  std::chrono::sys_seconds time_{};
  std::array<cloud::Digest, kMostDigests> digests_;
  std::size_t count_ = 0;
};

}  // namespace gateway::auth
