#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/ingress/request_reader.hpp"
#include "micro/payloads.hpp"
#include "micro/subjects.hpp"

namespace gateway::micro {
namespace {

using ingress::RequestReader;

constexpr std::size_t kMaxBody = std::size_t{8} << 20;

// Returns a head as the relay function sends it.
std::string head(std::string_view framing) {
  return fmt::format(
      "POST /events HTTP/1.1\r\nContent-Type: application/json\r\n{}\r\n"
      "User-Agent: cos-gateway-relay/1\r\nX-Request-Id: 01234567-89ab-cdef-0123-456789abcdef\r\n"
      "X-Cos-Signature: t=1767322800,v1="
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n"
      "Host: gateway.example:8080\r\nConnection: keep-alive\r\n\r\n",
      framing);
}

std::string plain(std::size_t records) {
  const std::string body = post_of(Form::current, records);
  return head(fmt::format("Content-Length: {}", body.size())) + body;
}

std::string chunked(std::size_t records) {
  constexpr std::size_t kChunk = 4096;
  const std::string body = post_of(Form::current, records);
  std::string bytes = head("Transfer-Encoding: chunked");
  for (std::size_t at = 0; at < body.size(); at += kChunk) {
    const std::string_view part = std::string_view(body).substr(at, kChunk);
    bytes += fmt::format("{:x}\r\n{}\r\n", part.size(), part);
  }
  return bytes + "0\r\n\r\n";
}

struct RequestReading {
  std::string bytes;
  BufferPool pool{};
  RequestReader reader{pool, kMaxBody};
};

// Reads the bytes of `reading` as a connection does, each time as many as the reader wants.
void read(RequestReading& reading, std::size_t expected) {
  std::string_view left = reading.bytes;
  std::size_t found = 0;
  while (found < expected) {
    switch (reading.reader.next()) {
      case RequestReader::Step::need_more: {
        const auto room = reading.reader.prepare();
        const std::size_t size = std::min(room.size(), left.size());
        if (size == 0) std::abort();
        std::memcpy(room.data(), left.data(), size);
        left.remove_prefix(size);
        reading.reader.commit(size);
        break;
      }
      case RequestReader::Step::head: reading.reader.keep_body(); break;
      case RequestReader::Step::request: {
        const ingress::Request request = reading.reader.take();
        benchmark::DoNotOptimize(request.body_text().data());
        ++found;
        break;
      }
      case RequestReader::Step::skipped:
      case RequestReader::Step::bad: std::abort();
    }
  }
}

void add(Subjects& subjects, std::string name, const std::string& one, std::size_t requests = 1) {
  std::string bytes;
  for (std::size_t i = 0; i < requests; ++i) bytes += one;
  subjects.add(
      std::move(name), {bytes.size(), requests}, [bytes] { return RequestReading{bytes}; },
      [requests](RequestReading& reading) { read(reading, requests); });
}

}  // namespace

// The copy from `bytes` stands for that of the system call.
void add_requests(Subjects& subjects) {
  add(subjects, "request/no_records", plain(0));
  add(subjects, "request/1_record", plain(1));
  add(subjects, "request/100_records", plain(100));
  add(subjects, "request/8_pipelined", plain(1), 8);
  add(subjects, "request/chunked_1_record", chunked(1));
  add(subjects, "request/chunked_100_records", chunked(100));
}

}  // namespace gateway::micro
