#include "gateway/config/checks.hpp"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "gateway/config/schema.hpp"

namespace gateway::config {
namespace {

// What two keys require of each other: the check and the sentence of the reference are both made of
// it, so that they cannot differ. `key` stands for a key that is given at all, `key=value` for one
// that has this value.
struct Relation {
  enum class Kind {
    at_most,
    at_least,
    differs,   // as texts, unless both are empty
    together,  // both are given, or none
    needs,     // `first` is right only with `second`, or with `alternative` if there is one
  };
  std::string_view first;
  Kind kind;
  std::string_view second;
  std::string_view message = {};  // the end of the message; of `needs` the whole
  std::string_view alternative = {};
  bool warns = false;  // the configuration is taken nevertheless
};
using enum Relation::Kind;

constexpr Relation warned(Relation relation) {
  relation.warns = true;
  return relation;
}

constexpr Relation kRelations[] = {
    {"gateway.tls.cert", together, "gateway.tls.key"},
    {"gateway.tls.client_ca", needs, "gateway.tls.cert",
     "needs gateway.tls.cert and key, as only TLS clients have certificates"},
    {"gateway.auth=hmac", needs, "gateway.token", "hmac needs gateway.token or secret_key",
     "secret_key"},
    {"gateway.previous_token", needs, "gateway.token",
     "is accepted besides gateway.token or secret_key, and there is neither", "secret_key"},
    {"gateway.max_body", at_most, "gateway.max_in_flight"},
    {"delivery.mode=batch", needs, "delivery.profile=generic",
     "batch is not taken by an eventbus of this delivery.profile, which is for one event a "
     "request; use binary or structured"},
    warned({"delivery.queue.bytes", at_least, "gateway.max_body",
            ": a larger post is taken only while no other event is in flight"}),
    warned({"delivery.timeout", at_most, "delivery.deadline",
            ", which ends the wait first: nothing is tried twice"}),
    {"delivery.retry.initial", at_most, "delivery.retry.max"},
    {"delivery.tls.cert", together, "delivery.tls.key"},
    {"delivery.oauth2.token_url", together, "delivery.oauth2.client_id"},
    {"delivery.oauth2.token_url", together, "delivery.oauth2.client_secret"},
    {"delivery.oauth2.scope", needs, "delivery.oauth2.token_url",
     "needs delivery.oauth2.token_url, as it is asked for with a token"},
    {"dead_letter.path", differs, "spool.path"},
};

std::string_view key_of(std::string_view operand) {
  return operand.substr(0, operand.find('='));
}

std::string_view value_of(std::string_view operand) {
  const auto equals = operand.find('=');
  return equals == std::string_view::npos ? std::string_view() : operand.substr(equals + 1);
}

// One pass over the table.
class Check {
 public:
  Check(const Section& root, Report& report) : root_(root), report_(report) {}

  void operator()(const Relation& relation) {
    const auto& [first, kind, second, message, alternative, warns] = relation;
    for (const auto operand : {first, second, alternative}) {
      if (operand.empty()) continue;
      const std::string key(key_of(operand));
      if (report_.bad(key) || missing_.contains(key)) return;
    }
    const auto& field = root_.field(key_of(first));
    const auto& other = root_.field(key_of(second));
    const auto complain = [&](std::string_view about, std::string text) {
      const std::string key(key_of(about));
      warns ? report_.warning_about(key, std::move(text))
            : report_.problem_with(key, std::move(text));
    };
    if (kind == at_most && field.amount() > other.amount()) {
      complain(first, fmt::format("{} is more than {} ({}){}", field.print(), second, other.print(),
                                  message));
    } else if (kind == at_least && field.amount() < other.amount()) {
      complain(first, fmt::format("{} is less than {} ({}){}", field.print(), second, other.print(),
                                  message));
    } else if (kind == differs && holds(first) && field.print() == other.print()) {
      complain(first, fmt::format("is {} too; they must differ", second));
    } else if (kind == together && holds(first) != holds(second)) {
      const auto [given, missing] =
          holds(first) ? std::pair(first, second) : std::pair(second, first);
      complain(missing, fmt::format("required, as {} is given", given));
      missing_.emplace(missing);
    } else if (kind == needs && holds(first) && !holds(second) && !holds(alternative)) {
      complain(first, std::string(message));
    }
  }

 private:
  [[nodiscard]] bool holds(std::string_view operand) const {
    if (operand.empty()) return false;
    const auto& field = root_.field(key_of(operand));
    const auto value = value_of(operand);
    return value.empty() ? field.holds_something() : field.print() == value;
  }

  const Section& root_;
  Report& report_;
  std::set<std::string, std::less<>> missing_;
};

std::string as_code(std::string_view operand) {
  const auto value = value_of(operand);
  return fmt::format("`{}{}{}`", key_of(operand), value.empty() ? "" : ": ", value);
}

std::string sentence(const Relation& relation) {
  const auto& [first, kind, second, message, alternative, warns] = relation;
  const auto other = as_code(second);
  switch (kind) {
    case at_most:
      return fmt::format("{} {}{}.", warns ? "Should be at most" : "At most", other, message);
    case at_least:
      return fmt::format("{} {}{}.", warns ? "Should be at least" : "At least", other, message);
    case differs: return fmt::format("Must differ from {}.", other);
    case together: return fmt::format("Needs {}.", other);
    case needs: {
      const auto value = value_of(first);
      return fmt::format("{} {}{}.", value.empty() ? "Needs" : fmt::format("`{}` needs", value),
                         other, alternative.empty() ? "" : " or " + as_code(alternative));
    }
  }
  return {};
}

}  // namespace

void check_relations(const Section& root, Report& report) {
  Check check(root, report);
  for (const auto& relation : kRelations) check(relation);
}

std::string sentences_about(std::string_view key) {
  std::string text;
  for (const auto& relation : kRelations) {
    if (key_of(relation.first) == key) text += " " + sentence(relation);
  }
  return text;
}

}  // namespace gateway::config
