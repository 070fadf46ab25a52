#include "gateway/egress/eventbus/multiplexer.hpp"

#include "gateway/domain/post.hpp"

namespace gateway::egress {
namespace {

// RFC 9110 section 15.5.9; it comes in one piece, as it is the first thing on an idle connection.
bool says_timeout(std::string_view input) noexcept {
  return input.starts_with("HTTP/1.") && input.substr(8).starts_with(" 408");
}

}  // namespace

void Multiplexer::begin(bool expected, std::uint32_t most) {
  clear();
  // A server that ends each connection after its first answer does not accept pipelining.
  depth_.begin(expected && answers_ > 1);
  most_ = most;
  staged_ = answers_ = 0;
}

void Multiplexer::clear() noexcept {
  slots_.clear();
  requests_.clear();
  outgoing_.clear();
  reader_.reset();
  written_ = 0;
  held_ = 0;
  answered_ = 0;
  cut_short_ = early_ = full_ = false;
  read_answers_ = 0;
}

void Multiplexer::push_request(Instant now, std::uint64_t begin, std::uint32_t events) {
  const bool alone = requests_.empty();
  if (alone) waiting_since_ = since_ = now;
  requests_.push_back({now, begin, events, alone});
  ++staged_;
  full_ = full_ || requests_.size() >= depth_.value();
}

void Multiplexer::after_read(Instant now) noexcept {
  if (read_answers_ == 0) return;
  if (full_) depth_.answered_full(read_answers_, now - since_, now);
  full_ = false;
  read_answers_ = 0;
  since_ = now;
}

void Multiplexer::stage(const EventSlot& slot, Instant now) {
  slots_.push_back(slot);
  const std::uint64_t begin = written_ + outgoing_.bytes();
  encoder_.append(slot.post->event(slot), outgoing_);
  push_request(now, begin, 1);
}

void Multiplexer::open_batch() noexcept {
  encoder_.begin_batch();
  batched_ = 0;
}

bool Multiplexer::add_to_batch(const EventSlot& slot, std::size_t most) {
  if (!encoder_.add_to_batch(slot.post->event(slot), most)) return false;
  slots_.push_back(slot);
  ++batched_;
  return true;
}

void Multiplexer::close_batch(Instant now) {
  assert(batched_ != 0);
  push_request(now, written_ + outgoing_.bytes(), batched_);
  encoder_.end_batch(outgoing_);
}

inline Multiplexer::Step Multiplexer::answered(Instant now) {
  const Request& request = requests_.front();
  // An answer to a request that has not been sent yet answers something else.
  if (request.begin >= written_) {
    return reader_.response().status == 408 ? Step::ends : Step::surplus;
  }
  const std::uint64_t end =
      requests_.size() > 1 ? requests_[1].begin : written_ + outgoing_.bytes();
  cut_short_ = end > written_;
  early_ = end + held_ > written_ && reader_.response().status / 100 == 2;
  if (early_) return Step::need_more;
  answered_ = request.events;
  answered_bytes_ = static_cast<std::size_t>(end - request.begin);
  answered_staged_ = request.staged;
  if (request.alone) depth_.answered_alone(now - request.staged);
  ++answers_;
  ++read_answers_;
  requests_.pop_front();
  waiting_since_ = now;
  return Step::answered;
}

Multiplexer::Step Multiplexer::next(std::string_view& input, Instant now) {
  assert(answered_ == 0 && "take_answered() is due");
  if (reader_.read_past(input) == ResponseReader::Step::bad) return Step::bad;
  if (input.empty()) return Step::need_more;
  if (early_) return Step::surplus;
  if (requests_.empty()) return says_timeout(input) ? Step::ends : Step::surplus;
  switch (reader_.next(input)) {
    case ResponseReader::Step::need_more: return Step::need_more;
    case ResponseReader::Step::bad: return Step::bad;
    case ResponseReader::Step::response: break;
  }
  const Step step = answered(now);
  if (step != Step::need_more) [[likely]]
    return step;
  return surplus_behind(input);
}

// What follows an answer that is kept is the rest of that, or no answer.
Multiplexer::Step Multiplexer::surplus_behind(std::string_view& input) {
  if (reader_.read_past(input) == ResponseReader::Step::bad) return Step::bad;
  return input.empty() ? Step::need_more : Step::surplus;
}

Multiplexer::Step Multiplexer::left(Instant now) {
  return early_ ? answered(now) : Step::need_more;
}

Multiplexer::Step Multiplexer::end(Instant now) {
  if (!reader_.in_message()) return Step::need_more;
  return reader_.end() == ResponseReader::Step::response ? answered(now) : Step::bad;
}

}  // namespace gateway::egress
