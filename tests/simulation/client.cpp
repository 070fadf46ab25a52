#include "simulation/client.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string_view>
#include <utility>

#include "simulation/network.hpp"

namespace gateway::simulation {

Client::Client(Schedule& schedule, Random random, Oracle& oracle, std::uint16_t port,
               Oracle::Post post, std::string_view fields, std::string_view body,
               const Manners& manners)
    : schedule_(schedule),
      random_(random),
      oracle_(oracle),
      socket_(Socket::connect_to(port)),
      post_(std::move(post)),
      manners_(manners),
      begun_(schedule.now()) {
  out_ = fmt::format("POST / HTTP/1.1\r\nHost: gateway\r\n{}Content-Length: {}\r\n\r\n{}", fields,
                     body.size(), body);
  if (manners_.sends_half) out_.resize(out_.size() / 2);
  refused_ = !socket_.open();
}

bool Client::step() {
  if (done()) return false;
  bool any = send();
  const std::size_t had = in_.size();
  const bool goes_on = socket_.receive(in_);
  any = any || in_.size() != had || !goes_on;
  const bool impatient = manners_.leaves && schedule_.now() - begun_ >= manners_.leaves_after;
  if (impatient) {
    socket_.reset();
    return true;
  }
  if (take_answer() || !goes_on) socket_.close();
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
  if (out_.empty() && !manners_.sends_half && manners_.half_closes) socket_.end_sending();
  note_arrival();
  return true;
}

// From here on the answer is due.
void Client::note_arrival() {
  if (arrived_ || !out_.empty() || manners_.sends_half) return;
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
  if (in_.size() < end + 4 + length) return false;
  const auto after =
      std::chrono::duration_cast<std::chrono::milliseconds>(schedule_.now() - begun_);
  oracle_.answered(post_, status, std::string_view(in_).substr(end + 4, length), after);
  return true;
}

}  // namespace gateway::simulation
