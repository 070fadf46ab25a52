#pragma once
#include <openssl/crypto.h>

#include <string>
#include <utility>

namespace gateway {

// A string that must never reach a log, an answer or a status page: formatting it is a compile
// error, and whoever needs the text has to say so. Its memory is overwritten when it goes, is
// assigned to or moved from, and so is the string it is made from by moving.
class Secret {
 public:
  Secret() = default;
  explicit Secret(const std::string& text) : text_(text) {}
  explicit Secret(std::string&& text) : text_(std::move(text)) { overwrite(text); }
  Secret(const Secret& other) = default;
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { overwrite(other.text_); }
  Secret& operator=(const Secret& other) {
    if (this != &other) {
      overwrite(text_);
      text_ = other.text_;
    }
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      overwrite(text_);
      text_ = std::move(other.text_);
      overwrite(other.text_);
    }
    return *this;
  }
  ~Secret() { overwrite(text_); }

  [[nodiscard]] const std::string& reveal() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

  // Empties `text` and overwrites all the memory it holds.
  static void overwrite(std::string& text) noexcept {
    // A string that was moved from is empty and may still hold what was in it.
    text.resize(text.capacity());
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
  }

 private:
  std::string text_;
};

}  // namespace gateway
