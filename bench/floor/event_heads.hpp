#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::floor {

// Makes heads of binary-mode CloudEvents from one prepared text, in which id, time and length are
// filled in. A head stays where it was written until forget().
class EventHeads {
 public:
  EventHeads(std::string_view host, std::string_view target);

  // Sets the time of the events that are made until the next call. To be called once per loop turn.
  void read_clock();
  [[nodiscard]] std::string_view make(std::size_t body_size);
  // Frees the heads made so far, all of which have been sent.
  void forget() noexcept { chunk_ = used_ = 0; }

 private:
  static constexpr std::size_t kChunk = std::size_t{64} << 10;

  char* room();
  [[nodiscard]] std::uint64_t random() noexcept;
  void write_id(char* out) noexcept;

  std::string text_;  // up to the value of Content-Length
  std::size_t id_at_ = 0;
  std::size_t time_at_ = 0;
  std::int64_t millisecond_ = -1;
  std::uint64_t random_;
  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t chunk_ = 0;
  std::size_t used_ = 0;
};

}  // namespace gateway::floor
