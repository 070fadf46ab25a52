#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/http/response_reader.hpp"
#include "gateway/ingress/request_reader.hpp"
#include "micro/payloads.hpp"
#include "micro/subjects.hpp"

// Requests and answers, read from their bytes.
namespace gateway::micro {
namespace {

using egress::ResponseReader;
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

void add_request(Subjects& subjects, std::string name, const std::string& one,
                 std::size_t requests = 1) {
  std::string bytes;
  for (std::size_t i = 0; i < requests; ++i) bytes += one;
  subjects.add(
      std::move(name), {bytes.size(), requests}, [bytes] { return RequestReading{bytes}; },
      [requests](RequestReading& reading) { read(reading, requests); });
}

// An eventbus that keeps up sends about this many answers per read.
constexpr std::size_t kAnswers = 32;

struct AnswerReading {
  std::string bytes;
  ResponseReader reader{};
};

// `make(i)` returns the i-th answer.
template <class Make>
void add_answer(Subjects& subjects, std::string name, Make make) {
  std::string bytes;
  for (std::size_t i = 0; i < kAnswers; ++i) bytes += make(i);
  const auto read = [](AnswerReading& reading) {
    std::string_view left = reading.bytes;
    for (std::size_t i = 0; i < kAnswers; ++i) {
      if (reading.reader.next(left) != ResponseReader::Step::response) std::abort();
      benchmark::DoNotOptimize(reading.reader.response().status);
    }
    // An answer is given as soon as its head is complete.
    if (reading.reader.read_past(left) == ResponseReader::Step::bad) std::abort();
  };
  subjects.add(
      std::move(name), {bytes.size(), kAnswers}, [bytes] { return AnswerReading{bytes}; }, read);
}

}  // namespace

// The copy from `bytes` stands for that of the system call.
void add_requests(Subjects& subjects) {
  add_request(subjects, "request/no_records", plain(0));
  add_request(subjects, "request/1_record", plain(1));
  add_request(subjects, "request/100_records", plain(100));
  add_request(subjects, "request/8_pipelined", plain(1), 8);
  add_request(subjects, "request/chunked_1_record", chunked(1));
  add_request(subjects, "request/chunked_100_records", chunked(100));
}

void add_answers(Subjects& subjects) {
  add_answer(subjects, "answer/short",
             [](std::size_t) { return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"; });
  add_answer(subjects, "answer/usual", [](std::size_t) {
    return "HTTP/1.1 202 Accepted\r\nServer: nginx\r\nDate: Fri, 02 Jan 2026 03:00:00 GMT\r\n"
           "Content-Type: application/json\r\nContent-Length: 15\r\nConnection: keep-alive\r\n\r\n"
           "{\"status\":\"ok\"}";
  });
  add_answer(subjects, "answer/no_two_equal", [](std::size_t i) {
    return fmt::format(
        "HTTP/1.1 202 Accepted\r\nServer: nginx\r\nDate: Fri, 02 Jan 2026 03:00:00 GMT\r\n"
        "X-Request-Id: {:032x}\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
        i);
  });
  add_answer(subjects, "answer/chunked", [](std::size_t) {
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
           "f\r\n{\"status\":\"ok\"}\r\n0\r\n\r\n";
  });
}

}  // namespace gateway::micro
