#include "gateway/egress/address/answer_probe.hpp"

#include <utility>

namespace gateway::egress {

AnswerProbe::AnswerProbe(transport::Transports& transports, const Executor& executor,
                         Dialer::NewSession new_session, std::optional<ProxyTunnel> tunnel)
    : dialer_(transports, executor, std::move(new_session), std::move(tunnel)),
      changed_(executor) {}

void AnswerProbe::cancel() {
  dialer_.cancel();
  finish(false, "stopping");
}

Task<bool> AnswerProbe::answers(tcp::endpoint address, std::string request, Instant deadline) {
  request_ = std::move(request);
  unsent_ = request_;
  std::vector<tcp::endpoint> order(1, address);
  transport_ = co_await dialer_.dial(std::move(order), deadline);
  if (!transport_) {
    problem_ = dialer_.losers().empty() ? "no connection" : dialer_.losers().front().reason;
    co_return false;
  }
  transport_->set_user(*this);
  send();
  transport_->call_again();
  while (!done_ && SteadyClock::now() < deadline) {
    co_await changed_.wait_until(deadline);
  }
  if (!done_) problem_ = "no answer in time";
  transport_->close();
  transport_.reset();
  co_return answered_;
}

void AnswerProbe::finish(bool answered, std::string problem) {
  if (done_) return;
  done_ = true;
  answered_ = answered;
  problem_ = std::move(problem);
  changed_.notify_all();
}

void AnswerProbe::on_ready(bool writable) {
  if (done_) return;
  if (writable) send();
  receive();
}

void AnswerProbe::send() {
  while (!done_ && !unsent_.empty() && !transport_->blocked()) {
    error_code error;
    unsent_.remove_prefix(transport_->send(unsent_, error));
    if (error) finish(false, transport_->describe(error));
  }
}

void AnswerProbe::receive() {
  while (!done_ && transport_->may_receive()) {
    const auto received = transport_->receive(input_);
    if (received.error == asio::error::would_block) return;
    std::string_view input(input_.data(), received.error ? 0 : received.size);
    const auto step = received.error ? reader_.end() : reader_.next(input);
    if (step == ResponseReader::Step::response) {
      finish(true, {});
    } else if (step == ResponseReader::Step::bad) {
      finish(false, std::string(reader_.reason()));
    } else if (received.error) {
      finish(false, transport_->describe(received.error));
    }
  }
}

}  // namespace gateway::egress
