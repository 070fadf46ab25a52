#pragma once
#include <boost/system/result.hpp>
#include <string>
#include <string_view>

namespace gateway::load {

// What a cos-gateway is set up to do besides what it does by default: a run names the features
// whose cost it is about.
struct GatewayForm {
  bool tls = false;           // posts come over TLS, with a certificate made for the run
  bool signed_posts = false;  // gateway.auth: hmac
  bool stable_ids = false;
  bool attributes = false;  // subject, cosbucket, coseventname
  bool redaction = false;   // of Authorization
  bool stores = false;      // spool and dead letters are configured; nothing goes there
  bool eventbus_tls = false;
  bool structured = false;  // delivery.mode; at most one of these two
  bool batch = false;
  bool many_entries = false;  // a hundred entries of `buckets`, one of them of the load's bucket

  // Parses names separated by commas: "TLS,signed". Returns the form, or what is wrong.
  [[nodiscard]] static boost::system::result<GatewayForm, std::string> parse(std::string_view text);
  // Returns the names, for --help.
  [[nodiscard]] static std::string names();
};

// Returns the sections of the configuration file that the form needs, but for `gateway`. `folder`
// is where stores may be made.
[[nodiscard]] std::string form_sections(const GatewayForm& form, std::string_view folder);

}  // namespace gateway::load
