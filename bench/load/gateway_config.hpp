#pragma once
#include <boost/system/result.hpp>
#include <cstdint>
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

// Settings of a cos-gateway besides its addresses.
struct GatewaySettings {
  unsigned threads = 1;
  unsigned eventbus_connections = 0;  // 0: its default
  std::string pipeline;               // empty: its default
  unsigned max_connections = 10'000;
  std::string token;  // not empty: posts must be signed by it
  GatewayForm form;
  std::string more;           // sections of the configuration file that it has besides
  std::string key = "P-256";  // of its certificate, as test::self_signed() has it
};

// Returns the text of the configuration file. `folder` contains certificate and key if TLS is used.
[[nodiscard]] std::string gateway_config(const GatewaySettings& settings, std::uint16_t port,
                                         std::uint16_t admin, std::uint16_t sink,
                                         std::string_view folder);

// Returns the section `buckets` of an account with many of them, as what is measured has it: a
// hundred entries, each with patterns as users write them, of which the last takes every record
// that none of `exclude` keeps away. The entry in the middle is of the bucket with this host.
[[nodiscard]] std::string many_entries(std::string_view host);

}  // namespace gateway::load
