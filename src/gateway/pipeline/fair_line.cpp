#include "gateway/pipeline/fair_line.hpp"

#include <new>

namespace gateway {

FairLine::Waiting* FairLine::find(const Post* post) noexcept {
  // The one that has just got its turn stands last.
  for (std::size_t i = waiting_.size(); i-- > 0;) {
    if (waiting_[i]->post == post) return waiting_[i].get();
  }
  return nullptr;
}

FairLine::Waiting& FairLine::with_room_beside(const Post* of) {
  Waiting* post = find(of);
  if (post == nullptr) {
    if (spare_.empty()) spare_.push_back(std::make_unique<Waiting>());
    waiting_.reserve(waiting_.size() + 1);
    spare_.reserve(waiting_.size() + spare_.size());  // so that forgetting needs no memory
    spare_.back()->slots.reserve(1);
    waiting_.push_back(std::move(spare_.back()));
    spare_.pop_back();
    post = waiting_.back().get();
    post->post = of;
    post->in_line = 0;
    for (std::size_t i = 0; i < line_.size(); ++i) post->in_line += line_[i].post == of;
  }
  post->slots.reserve(post->slots.size() + 1);
  return *post;
}

void FairLine::push_beside(const EventSlot& slot) noexcept {
  try {
    Waiting& post = with_room_beside(slot.post);
    post.slots.push_back(slot);
    ++beside_;
    if (post.in_line == 0) next_turn(post);
  } catch (const std::bad_alloc&) {
    put_back(slot);
  }
}

void FairLine::joined(const EventSlot& slot) noexcept {
  if (Waiting* const post = find(slot.post)) ++post->in_line;
}

void FairLine::left(const EventSlot& slot) noexcept {
  Waiting* const post = find(slot.post);
  if (post != nullptr && --post->in_line == 0) next_turn(*post);
}

void FairLine::next_turn(Waiting& post) noexcept {
  std::size_t bytes = 0;
  while (!post.slots.empty() && post.in_line < kTurnEvents) {
    const EventSlot& slot = post.slots.front();
    bytes += slot.length;
    if (post.in_line != 0 && bytes > kTurnBytes) return;
    line_.push_back(slot);
    post.slots.pop_front();
    ++post.in_line;
    --beside_;
  }
  if (post.slots.empty()) forget(post);
}

void FairLine::forget(const Waiting& post) noexcept {
  const auto found = std::ranges::find(waiting_, &post, [](const auto& one) { return one.get(); });
  (*found)->slots.clear();
  spare_.push_back(std::move(*found));
  waiting_.erase(found);
}

void FairLine::count_in_line() noexcept {
  for (auto& post : waiting_) post->in_line = 0;
  // Events of a post stand together, so that it is looked for once for all of them.
  const Post* last = nullptr;
  Waiting* waiting = nullptr;
  for (std::size_t i = 0; i < line_.size(); ++i) {
    const Post* const post = line_[i].post;
    if (post != last) waiting = find(post);
    last = post;
    if (waiting != nullptr) ++waiting->in_line;
  }
  for (std::size_t i = waiting_.size(); i-- > 0;) {
    Waiting& post = *waiting_[i];
    if (post.slots.empty()) {
      forget(post);
    } else if (post.in_line == 0) {
      next_turn(post);
    }
  }
}

}  // namespace gateway
