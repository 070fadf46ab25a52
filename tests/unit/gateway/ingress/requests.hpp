#pragma once
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/ingress/request_reader.hpp"

namespace gateway::ingress {

// The other side of a RequestReader: gives it bytes in pieces of any size and keeps what comes of
// them, bodies kept unless told otherwise.
class Feed {
 public:
  explicit Feed(BufferPool& pool, std::size_t max_body = std::size_t{1} << 20)
      : reader_(pool, max_body) {}

  // False once the reader has refused; the rest is then not given to it.
  bool give(std::string_view bytes) {
    while (!bytes.empty() && !bad_) {
      const auto room = reader_.prepare();
      assert(!room.empty());
      const std::size_t n = std::min(room.size(), bytes.size());
      std::memcpy(room.data(), bytes.data(), n);
      reader_.commit(n);
      bytes.remove_prefix(n);
      run();
    }
    return !bad_;
  }
  bool give_in_pieces(std::string_view bytes, std::size_t piece) {
    while (!bytes.empty() && !bad_) {
      give(bytes.substr(0, piece));
      bytes.remove_prefix(std::min(piece, bytes.size()));
    }
    return !bad_;
  }

  bool skip_bodies = false;
  std::vector<RequestHead> heads;
  std::vector<Request> requests;
  std::size_t skipped = 0;

  [[nodiscard]] bool bad() const noexcept { return bad_; }
  [[nodiscard]] unsigned status() const noexcept { return reader_.problem().status(); }
  [[nodiscard]] std::string reason() const { return std::string(reader_.problem().reason()); }
  [[nodiscard]] RequestReader& reader() noexcept { return reader_; }

 private:
  void run() {
    for (;;) {
      switch (reader_.next()) {
        case RequestReader::Step::need_more: return;
        case RequestReader::Step::head:
          heads.push_back(reader_.head());
          if (skip_bodies) {
            reader_.skip_body();
          } else {
            reader_.keep_body();
          }
          break;
        case RequestReader::Step::request: requests.push_back(reader_.take()); break;
        case RequestReader::Step::skipped: ++skipped; break;
        case RequestReader::Step::bad: bad_ = true; return;
      }
    }
  }

  RequestReader reader_;
  bool bad_ = false;
};

inline std::string post_of(std::string_view body, std::string_view fields = {}) {
  std::string text = "POST / HTTP/1.1\r\nHost: h\r\n";
  text += fields;
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  text += body;
  return text;
}

// In chunks of at most `chunk` bytes.
inline std::string chunked_post_of(std::string_view body, std::size_t chunk) {
  std::string text = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  while (!body.empty()) {
    const std::string_view part = body.substr(0, chunk);
    constexpr char kDigits[] = "0123456789abcdef";
    std::string size;
    for (std::size_t n = part.size(); n != 0; n /= 16) size.insert(size.begin(), kDigits[n % 16]);
    text += size + "\r\n";
    text += part;
    text += "\r\n";
    body.remove_prefix(part.size());
  }
  return text + "0\r\n\r\n";
}

// Bytes that differ wherever they are compared.
inline std::string pattern(std::size_t size, unsigned seed = 1) {
  std::string text(size, '\0');
  for (char& c : text) {
    seed = seed * 1664525 + 1013904223;
    c = static_cast<char>(' ' + (seed >> 24) % 95);
  }
  return text;
}

// Returns the text of a part of the head.
inline std::string text(const http::Slice& part, const Request& request) {
  return std::string(part.in(request.bytes.data()));
}

}  // namespace gateway::ingress
