#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/http/response_reader.hpp"
#include "micro/subjects.hpp"

namespace gateway::micro {
namespace {

using egress::ResponseReader;

// An eventbus that keeps up sends about this many answers per read.
constexpr std::size_t kAnswers = 32;

struct AnswerReading {
  std::string bytes;
  ResponseReader reader{};
};

// `make(i)` returns the i-th answer.
template <class Make>
void add(Subjects& subjects, std::string name, Make make) {
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

void add_answers(Subjects& subjects) {
  add(subjects, "answer/short",
      [](std::size_t) { return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"; });
  add(subjects, "answer/usual", [](std::size_t) {
    return "HTTP/1.1 202 Accepted\r\nServer: nginx\r\nDate: Fri, 02 Jan 2026 03:00:00 GMT\r\n"
           "Content-Type: application/json\r\nContent-Length: 15\r\nConnection: keep-alive\r\n\r\n"
           "{\"status\":\"ok\"}";
  });
  add(subjects, "answer/no_two_equal", [](std::size_t i) {
    return fmt::format(
        "HTTP/1.1 202 Accepted\r\nServer: nginx\r\nDate: Fri, 02 Jan 2026 03:00:00 GMT\r\n"
        "X-Request-Id: {:032x}\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
        i);
  });
  add(subjects, "answer/chunked", [](std::size_t) {
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
           "f\r\n{\"status\":\"ok\"}\r\n0\r\n\r\n";
  });
}

}  // namespace gateway::micro
