#include "gateway/egress/multiplexer.hpp"

#include <cassert>

#include "gateway/domain/post.hpp"

namespace gateway::egress {

void Multiplexer::begin() {
  slots_.clear();
  requests_.clear();
  outgoing_.clear();
  reader_.reset();
  written_ = 0;
  answered_ = 0;
  cut_short_ = false;
  depth_.begin();
}

void Multiplexer::push_request(Instant now, std::uint64_t begin, std::uint32_t events) {
  if (requests_.empty()) waiting_since_ = now;
  requests_.push_back({now, begin, events});
}

void Multiplexer::stage(const EventSlot& slot, Instant now) {
  push_request(now, written_ + outgoing_.bytes(), 1);
  slots_.push_back(slot);
  encoder_.append(slot.post->event(slot), outgoing_);
}

void Multiplexer::add_to_batch(const EventSlot& slot) {
  slots_.push_back(slot);
  batch_.push_back(slot.post->event(slot));
}

void Multiplexer::close_batch(Instant now) {
  assert(!batch_.empty());
  push_request(now, written_ + outgoing_.bytes(), static_cast<std::uint32_t>(batch_.size()));
  encoder_.append_batch(batch_, outgoing_);
}

Multiplexer::Step Multiplexer::next(std::string_view& input, Instant now) {
  assert(answered_ == 0 && "take_answered() is due");
  if (input.empty()) return Step::need_more;
  if (requests_.empty()) return Step::surplus;
  switch (reader_.next(input)) {
    case ResponseReader::Step::need_more:
      return Step::need_more;
    case ResponseReader::Step::bad:
      return Step::bad;
    case ResponseReader::Step::response:
      break;
  }
  return answered(now);
}

Multiplexer::Step Multiplexer::end(Instant now) {
  if (!reader_.in_message()) return Step::need_more;
  return reader_.end() == ResponseReader::Step::response ? answered(now) : Step::bad;
}

Multiplexer::Step Multiplexer::answered(Instant now) {
  const Request& request = requests_.front();
  // An answer to a request that has not left yet answers something else.
  if (request.begin >= written_) return Step::surplus;
  const std::uint64_t end =
      requests_.size() > 1 ? requests_[1].begin : written_ + outgoing_.bytes();
  cut_short_ = end > written_;
  answered_ = request.events;
  answered_staged_ = request.staged;
  requests_.pop_front();
  waiting_since_ = now;
  depth_.answered(now);
  return Step::answered;
}

EventSlot Multiplexer::take_answered() noexcept {
  assert(answered_ > 0);
  --answered_;
  const EventSlot slot = slots_.front();
  slots_.pop_front();
  return slot;
}

}  // namespace gateway::egress
