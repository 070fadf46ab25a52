#include "events/gather.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace gateway::events {

void Gather::begin_chunk(std::size_t size) {
  Chunk chunk;
  if (size <= kChunk && !spare_.empty()) {
    chunk = std::move(spare_.back());
    spare_.pop_back();
  } else {
    spare_.reserve(kSpareChunks);  // here, as giving a chunk back must not fail
    chunk.size = std::max(size, kChunk);
    chunk.data = std::make_unique_for_overwrite<char[]>(chunk.size);
  }
  if (!chunks_.empty()) chunks_.back().end = forgotten_ + pieces_.size();
  chunks_.push_back(std::move(chunk));
  next_ = chunks_.back().data.get();
  left_ = chunks_.back().size;
}

void Gather::own(std::size_t size) {
  if (size == 0) return;
  assert(left_ >= size);
  char* const begin = next_;
  next_ += size;
  left_ -= size;
  if (last_piece_is_own_ && sent_ != pieces_.size()) {
    iovec& last = pieces_.back();
    if (static_cast<char*>(last.iov_base) + last.iov_len == begin) {
      last.iov_len += size;
      bytes_ += size;
      return;
    }
  }
  append(begin, size);
  last_piece_is_own_ = true;
}

void Gather::copy(std::string_view text) {
  std::copy(text.begin(), text.end(), room(text.size()));
  own(text.size());
}

void Gather::refer(std::string_view bytes) {
  if (bytes.empty()) return;
  // iovec is the same type for reading and writing; nothing is written through these.
  append(const_cast<char*>(bytes.data()), bytes.size());
  last_piece_is_own_ = false;
}

void Gather::append(void* data, std::size_t size) {
  pieces_.push_back({data, size});
  bytes_ += size;
}

void Gather::sent(std::size_t size) {
  assert(size <= bytes_);
  bytes_ -= size;
  if (bytes_ == 0) return clear();
  while (size != 0) {
    iovec& piece = pieces_[sent_];
    if (size < piece.iov_len) {
      piece.iov_base = static_cast<char*>(piece.iov_base) + size;
      piece.iov_len -= size;
      break;
    }
    size -= piece.iov_len;
    ++sent_;
  }
  recycle_sent_chunks();
  forget_sent_pieces();
}

void Gather::clear() noexcept {
  forgotten_ += pieces_.size();
  pieces_.clear();
  sent_ = 0;
  bytes_ = 0;
  const bool keep_last = !chunks_.empty() && chunks_.back().size == kChunk;
  retire_chunks(chunks_.size() - (keep_last ? 1 : 0));
  next_ = keep_last ? chunks_.back().data.get() : nullptr;
  left_ = keep_last ? kChunk : 0;
}

void Gather::recycle_sent_chunks() {
  // All but the one being filled.
  std::size_t done = 0;
  while (done + 1 < chunks_.size() && chunks_[done].end <= forgotten_ + sent_) ++done;
  retire_chunks(done);
}

void Gather::retire_chunks(std::size_t count) noexcept {
  const auto end = chunks_.begin() + static_cast<std::ptrdiff_t>(count);
  for (auto chunk = chunks_.begin(); chunk != end; ++chunk) {
    if (chunk->size == kChunk && spare_.size() < kSpareChunks) spare_.push_back(std::move(*chunk));
  }
  chunks_.erase(chunks_.begin(), end);
}

void Gather::forget_sent_pieces() {
  // At half, so that a piece is moved about once however long the list is.
  if (sent_ < 64 || sent_ < pieces_.size() / 2) return;
  pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(sent_));
  forgotten_ += sent_;
  sent_ = 0;
}

}  // namespace gateway::events
