#include "gateway/http/response_head.hpp"

#include <algorithm>

#include "events/ascii.hpp"

namespace gateway::egress {
namespace {

constexpr std::string_view kProtocol = "HTTP/1.";

}  // namespace

bool ResponseHead::may_begin_with(std::string_view text) noexcept {
  const std::size_t known = std::min(text.size(), kProtocol.size());
  return text.substr(0, known) == kProtocol.substr(0, known);
}

bool ResponseHead::begin(std::string_view line) {
  framing_ = {};
  retry_after_.clear();
  coding_.clear();
  close_ = keep_ = unsafe_ = false;
  // status-line = "HTTP/1." DIGIT SP 3DIGIT SP [reason]; some servers leave out the last blank.
  if (line.size() < 12 || !line.starts_with(kProtocol) || !is_digit(line[7]) || line[8] != ' ' ||
      !is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11]) ||
      (line.size() > 12 && line[12] != ' ' && line[12] != '\r' && line[12] != '\n')) {
    return false;
  }
  status_ = static_cast<unsigned>((line[9] - '0') * 100 + (line[10] - '0') * 10 + line[11] - '0');
  http_1_0_ = line[7] == '0';
  // RFC 9112 section 2.2: fields folded into the status line are read past.
  if (line.find_first_of("\r\n") != std::string_view::npos) distrust();
  return status_ >= 100;
}

void ResponseHead::field(std::string_view text, bool cut) {
  if (text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos) {
    unfolded(text, cut);
    return;
  }
  std::string line(text);
  for (char& c : line) {
    if (c == '\0') distrust();
    if (c == '\r' || c == '\n') c = ' ';
  }
  unfolded(line, cut);
}

void ResponseHead::unfolded(std::string_view text, bool cut) {
  using http::is_name;
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  if (colon == std::string_view::npos || !http::is_token(name)) {
    distrust();
    return;
  }
  const std::string_view value = without_outer_blanks(text.substr(colon + 1));
  if (is_name(name, "content-length")) {
    content_length(value);
    if (cut) distrust();
  } else if (is_name(name, "transfer-encoding")) {
    framing_.transfer_encoding(value);
    if (cut) distrust();
  } else if (is_name(name, "connection")) {
    if (cut) distrust();
    http::for_each_in_list(value, [this](std::string_view option) {
      if (equals_ignoring_case(option, "close")) close_ = true;
      if (equals_ignoring_case(option, "keep-alive")) keep_ = true;
    });
  } else if (is_name(name, "retry-after")) {
    retry_after_ = value;
  } else if (is_name(name, "content-encoding")) {
    if (!value.empty() && !equals_ignoring_case(value, "identity")) coding_ = value;
  }
}

// RFC 9112 section 6.3: equal lengths, in one field or several, are one length.
void ResponseHead::content_length(std::string_view value) {
  using Problem = http::Framing::Problem;
  std::size_t members = 0;
  http::for_each_in_list(value, [&](std::string_view member) {
    ++members;
    http::Framing alone;
    alone.content_length(member);
    const bool repeated = alone.problem() == Problem::none && framing_.length() == alone.length();
    if (!repeated) framing_.content_length(member);
  });
  if (members == 0) distrust();
}

void ResponseHead::end() noexcept {
  using Problem = http::Framing::Problem;
  const Problem problem = framing_.problem();
  // With an unknown coding below "chunked" the end is known all the same.
  if (problem != Problem::none && problem != Problem::unknown_coding) distrust();
  if (http_1_0_ && framing_.chunked()) distrust();  // RFC 9112 section 6.1
}

}  // namespace gateway::egress
