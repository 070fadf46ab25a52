#include "gateway/auth/signed_text.hpp"

#include <algorithm>

namespace gateway::auth {

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

}  // namespace gateway::auth
