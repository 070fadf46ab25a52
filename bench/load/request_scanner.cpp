#include "load/request_scanner.hpp"

#include <algorithm>

namespace gateway::load {

RequestScanner::Step RequestScanner::next(std::string_view& input) {
  if (body_ == Body::none) {
    const Step step = read_head(input);
    if (step != Step::request) return step;
  }
  if (body_ == Body::chunked) {
    const auto progress = chunks_.advance(input.data(), input.size(), nullptr);
    input.remove_prefix(progress.consumed);
    if (progress.state == http::ChunkedDecoder::State::malformed) return Step::bad;
    if (progress.state == http::ChunkedDecoder::State::incomplete) return Step::need_more;
    chunks_.reset();
  } else if (body_ == Body::length) {
    const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
    input.remove_prefix(here);
    left_ -= here;
    if (left_ != 0) return Step::need_more;
  }
  body_ = Body::none;
  request_.id = id_;
  return Step::request;
}

RequestScanner::Step RequestScanner::read_head(std::string_view& input) {
  std::string_view text = input;
  const std::size_t before = partial_.size();
  if (before != 0) {
    partial_.append(input.substr(0, http::kMaxHead));
    text = partial_;
  }
  if (text.empty()) return Step::need_more;
  switch (scan_.advance(text.data(), text.size())) {
    case http::HeadScan::State::malformed:
    case http::HeadScan::State::too_many_lines:
      return Step::bad;
    case http::HeadScan::State::incomplete:
      if (text.size() >= http::kMaxHead) return Step::bad;
      if (before == 0) partial_.assign(text);
      input = {};
      return Step::need_more;
    case http::HeadScan::State::complete:
      break;
  }
  const Step step = parse_head(text.data());
  input.remove_prefix(scan_.size() - before);
  partial_.clear();
  scan_.reset();
  return step;
}

RequestScanner::Step RequestScanner::parse_head(const char* data) {
  const std::string_view line = scan_.line(data, 0);
  if (!line.ends_with(" HTTP/1.1") && !line.ends_with(" HTTP/1.0")) return Step::bad;
  request_.close = line.ends_with('0');
  id_.clear();
  http::Framing framing;
  http::FieldWalk walk(data, scan_);
  while (walk.next()) {
    using http::is_name;
    if (is_name(walk.name(), "content-length")) {
      framing.content_length(walk.value());
    } else if (is_name(walk.name(), "ce-id")) {
      id_ = walk.value();
    } else if (is_name(walk.name(), "transfer-encoding")) {
      framing.transfer_encoding(walk.value());
    } else if (is_name(walk.name(), "connection")) {
      http::for_each_in_list(walk.value(), [this](std::string_view option) {
        if (http::equals_ignoring_case(option, "close")) request_.close = true;
        if (http::equals_ignoring_case(option, "keep-alive")) request_.close = false;
      });
    }
  }
  if (walk.malformed() || framing.problem() != http::Framing::Problem::none) return Step::bad;
  if (framing.chunked()) {
    body_ = Body::chunked;
  } else {
    left_ = framing.length().value_or(0);
    body_ = left_ == 0 ? Body::none : Body::length;
  }
  return Step::request;
}

}  // namespace gateway::load
