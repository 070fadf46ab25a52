#include "gateway/auth/signature.hpp"

#include <algorithm>
#include <cstdint>

#include "events/ascii.hpp"
#include "events/number_text.hpp"
#include "gateway/http/fields.hpp"

namespace gateway::auth {
namespace {

// Until the year 5138; more cannot be meant and might not fit a clock's type.
constexpr std::size_t kMostTimeDigits = 11;

}  // namespace

void sort(std::span<SignedField> fields) noexcept {
  // By insertion: there are few, and fields of one name keep their order.
  for (auto it = fields.begin(); it != fields.end(); ++it) {
    const auto after = [](const SignedField& a, const SignedField& b) { return a.name < b.name; };
    std::rotate(std::upper_bound(fields.begin(), it, *it, after), it, it + 1);
  }
}

void write_v1_prefix(std::string& out, std::string_view time) {
  out.assign(time);
  out += '.';
}

void write_v2_prefix(std::string& out, std::string_view time, std::span<const SignedField> fields) {
  write_v1_prefix(out, time);
  for (const auto& [name, value] : fields) {
    out += name;
    out += ':';
    out += value;
    out += '\n';
  }
  out += '.';
}

std::optional<SignatureField> SignatureField::read(std::string_view value) noexcept {
  SignatureField field;
  bool good = true;
  http::for_each_in_list(value, [&](std::string_view member) {
    if (member.starts_with("t=")) {
      good = good && field.read_time(member.substr(2));
    } else if (member.starts_with("v1=")) {
      good = good && field.v1_.append(member.substr(3));
    } else if (member.starts_with("v2=")) {
      good = good && field.v2_.append(member.substr(3));
    }
  });
  if (!good || field.time_text_.empty() || (field.v1().empty() && field.v2().empty()))
    return std::nullopt;
  return field;
}

bool SignatureField::read_time(std::string_view text) noexcept {
  if (!time_text_.empty() || text.empty() || text.size() > kMostTimeDigits) return false;
  const auto seconds = read_number<std::uint64_t>(text);
  if (!seconds) return false;
  time_text_ = text;
  time_ = std::chrono::sys_seconds(std::chrono::seconds(*seconds));
  return true;
}

bool SignatureField::Digests::append(std::string_view hex) noexcept {
  cloud::Digest digest{};
  if (count_ == kMostDigests || hex.size() != 2 * digest.size()) return false;
  unsigned char seen = 0;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const unsigned char high = hex_value(hex[2 * i]);
    const unsigned char low = hex_value(hex[2 * i + 1]);
    seen |= high | low;
    digest[i] = static_cast<unsigned char>(high << 4 | low);
  }
  if ((seen & kNoHexDigit) != 0) return false;
  digests_[count_++] = digest;
  return true;
}

}  // namespace gateway::auth
