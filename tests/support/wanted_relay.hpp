#pragma once
#include <string>

#include "cloud/wanted.hpp"
#include "support/scf_model.hpp"

namespace gateway::test {

// Two events of a bucket, under a prefix.
[[nodiscard]] cloud::WantedBucket wanted_bucket(const std::string& name);
// What most tests want: such a bucket, code in a zip.
[[nodiscard]] cloud::Wanted wanted_relay();
// A function that is as wanted.
[[nodiscard]] ModelFunction relay_as_wanted(const cloud::Wanted& wanted);
[[nodiscard]] ScfModel::Key key_of(const cloud::Wanted& wanted);
// In which way the model's function is not as wanted; empty if it is.
[[nodiscard]] std::string difference(const ScfModel& model, const cloud::Wanted& wanted);

}  // namespace gateway::test
