#pragma once
#include <string>
#include <string_view>

#include "gateway/config/report.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::config {

class Section;

// Checks the settings as a whole: what is required, and what must go together. A key that was
// refused already is not complained about again.
void check(const Settings& settings, Report& report);

// Two parts of it. The first checks the entries of `buckets`: each by itself, against each other,
// and for patterns that no key can match. The second checks what provisioning needs: bucket,
// function, the code it runs, credentials; it is for settings with function.provision only.
void check_buckets(const Settings& settings, Report& report);
void check_provisioning(const Settings& settings, Report& report);

// Reports a bucket's endpoint, given under the key `path`, that is none; an empty one is not.
void check_endpoint(const std::string& endpoint, const std::string& path, Report& report);

// Reports which relations between two keys do not hold (relations.cpp has the table of them), and
// returns what the reference says of the relations of this key, each sentence with a blank before
// it.
void check_relations(const Section& root, Report& report);
[[nodiscard]] std::string sentences_about(std::string_view key);

// Returns whether the relay function is deployed from a COS object (`function.code` or its
// documented defaults) instead of the built-in relay.
[[nodiscard]] bool uses_code_object(const Settings& settings);

// The runtime of the code object of the original connector, which is a Go program.
constexpr std::string_view kCodeObjectRuntime = "Go1";

}  // namespace gateway::config
