#include "simulation/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "simulation/network.hpp"

namespace gateway::simulation {
namespace {

// So long a client that has its answers stays, to see whether more is said.
constexpr std::chrono::milliseconds kStays{700};
constexpr std::size_t kChunk = 400;

}  // namespace

std::string Client::text_of(std::string_view fields, std::string_view body, Body how) {
  std::string text = fmt::format("POST / HTTP/1.1\r\nHost: gateway\r\n{}", fields);
  if (how != Body::chunks) {
    const char* const expects = how == Body::after_leave ? "Expect: 100-continue\r\n" : "";
    return text + fmt::format("{}Content-Length: {}\r\n\r\n{}", expects, body.size(), body);
  }
  text += "Transfer-Encoding: chunked\r\n\r\n";
  for (; !body.empty(); body.remove_prefix(std::min(body.size(), kChunk))) {
    const std::string_view chunk = body.substr(0, kChunk);
    text += fmt::format("{:x}\r\n{}\r\n", chunk.size(), chunk);
  }
  return text + "0\r\n\r\n";
}

Client::Client(Schedule& schedule, Random random, Oracle& oracle, std::uint16_t port,
               std::vector<Request> requests, const Manners& manners)
    : schedule_(schedule),
      random_(random),
      oracle_(oracle),
      socket_(Socket::connect_to(port)),
      requests_(std::move(requests)),
      manners_(manners),
      came_(schedule.now()) {
  begin_next();
}

void Client::begin_next() {
  do {
    std::string text = requests_[begun_++].text;
    const bool last = begun_ == requests_.size();
    if (last && manners_.sends_half) text.resize(text.size() / 2);
    out_ += text;
  } while (manners_.pipelines && begun_ != requests_.size());
  asked_at_ = schedule_.now();
  arrived_ = false;
}

bool Client::step() {
  if (done()) return false;
  bool any = send();
  const std::size_t had = in_.size();
  const bool goes_on = socket_.receive(in_);
  any = any || in_.size() != had || !goes_on;
  const bool impatient = manners_.leaves && schedule_.now() - came_ >= manners_.leaves_after;
  if (impatient) {
    socket_.reset();
    return true;
  }
  while (take_answer()) any = true;
  if (answered_ == begun_ && begun_ != requests_.size() && goes_on) begin_next();
  const bool stayed = stays_until_ && schedule_.now() >= *stays_until_;
  if (stayed || !goes_on) socket_.close();
  return any;
}

bool Client::send() {
  note_arrival();
  if (out_.empty()) return false;
  std::string_view bytes = out_;
  if (manners_.most_written != 0)
    bytes = bytes.substr(0, random_.between(1, manners_.most_written));
  const auto sent = socket_.send(bytes);
  if (!sent || *sent == 0) return false;
  out_.erase(0, *sent);
  const bool through = out_.empty() && begun_ == requests_.size();
  if (through && !manners_.sends_half && manners_.half_closes) socket_.end_sending();
  note_arrival();
  return true;
}

// From here on the answers are due.
void Client::note_arrival() {
  const bool half = manners_.sends_half && begun_ == requests_.size();
  if (arrived_ || !out_.empty() || half) return;
  arrived_ = Network::current()->stream(socket_.handle())->all_arrived();
  arrived_at_ = schedule_.now();
}

bool Client::take_answer() {
  const auto end = in_.find("\r\n\r\n");
  if (end == in_.npos) return false;
  unsigned status = 0;
  std::from_chars(in_.data() + 9, in_.data() + in_.size(), status);
  constexpr std::string_view kLength = "Content-Length: ";
  const auto at = in_.find(kLength);
  std::size_t length = 0;
  if (at < end) std::from_chars(in_.data() + at + kLength.size(), in_.data() + end, length);
  const std::size_t size = end + 4 + length;
  if (in_.size() < size) return false;
  const std::string answer = in_.substr(0, size);
  in_.erase(0, size);
  if (status == 100) return true;
  if (answered_ == begun_) {
    oracle_.violation("an answer to nothing that was asked: " + answer);
    return true;
  }
  const auto after =
      std::chrono::duration_cast<std::chrono::milliseconds>(schedule_.now() - asked_at_);
  oracle_.answered(requests_[answered_++].post, status, std::string_view(answer).substr(end + 4),
                   after);
  if (answered_ == requests_.size()) stays_until_ = schedule_.now() + kStays;
  return true;
}

}  // namespace gateway::simulation
