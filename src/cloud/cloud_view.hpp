#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/api.hpp"
#include "cloud/found.hpp"
#include "cloud/function_mark.hpp"
#include "cloud/provisioning_plan.hpp"
#include "cloud/wanted.hpp"

namespace gateway::cloud {

// Reads what the cloud has of a wanted function, and which other functions have to do with its
// buckets: predecessors, siblings, and those that the deployment no longer wants. One coroutine at
// a time.
class CloudView {
 public:
  // Asked between two calls: whether to go on.
  using GoesOn = std::function<bool()>;
  // How much a look reads. Problem: a gateway with many buckets reads each function's settings,
  // retry rules and triggers at every start, though nothing has changed. Solution: a quick look
  // takes a function for unchanged whose mark is the wanted one and whose own answer shows all
  // wanted triggers; of any other it reads all.
  enum class Depth : std::uint8_t { quick, whole };

  // `api` and `wanted` must outlive this.
  CloudView(Api& api, const Wanted& wanted, Unmarked unmarked)
      : api_(api), wanted_(wanted), unmarked_(unmarked) {}

  // As in Claim; `siblings` must outlive this.
  void set_siblings(const std::vector<Wanted>& siblings, bool keeps_house) {
    siblings_ = &siblings;
    keeps_house_ = keeps_house;
  }
  // From now on the other namespaces of the region are looked at as well.
  void look_everywhere() noexcept { everywhere_ = true; }
  // Whether all functions of the deployment are looked at, not only those whose marks name a bucket
  // of this one. A trigger may have been put back on one whose mark was written meanwhile.
  void look_closely(bool closely) noexcept { closely_ = closely; }

  [[nodiscard]] Task<ApiResult<Found>> look(Depth depth, GoesOn goes_on);
  // Returns the namespaces whose functions were listed last.
  [[nodiscard]] const std::vector<std::string>& spaces() const noexcept { return spaces_; }
  // Returns why the functions of another one could not be listed then, or nullopt.
  [[nodiscard]] const std::optional<ApiError>& unlisted() const noexcept { return unlisted_; }
  // Notes that a trigger was taken from a function, by identity_of(), or put back. Some functions
  // cannot be marked.
  void note_taken_over(const std::string& function);
  void note_put_back(const std::string& function) { taken_over_.erase(function); }

 private:
  // Makes a call and reads its answer.
  template <class T>
  [[nodiscard]] Task<ApiResult<T>> ask(ScfCall call,
                                       ApiResult<T> (*read)(const boost::json::object&));
  // Reads the wanted function. Returns what it could not read, or nothing.
  [[nodiscard]] Task<std::optional<ApiError>> look_at_own(Found& found, Depth depth,
                                                          GoesOn goes_on);
  // Reads a list that has pages. `call_from` makes the call for what begins at an offset.
  template <class T>
  [[nodiscard]] Task<ApiResult<std::vector<T>>> list_all(
      std::function<ScfCall(std::size_t)> call_from,
      ApiResult<Page<T>> (*read)(const boost::json::object&), GoesOn goes_on);
  [[nodiscard]] Task<ApiResult<std::vector<FoundTrigger>>> look_at_triggers(std::string space,
                                                                            std::string name,
                                                                            GoesOn goes_on);
  [[nodiscard]] Task<std::vector<std::string>> list_spaces(GoesOn goes_on);
  [[nodiscard]] Task<ApiResult<std::vector<RelatedFunction>>> list_ours(std::string space,
                                                                        GoesOn goes_on);
  [[nodiscard]] Task<ApiResult<std::vector<RelatedFunction>>> look_at_related(GoesOn goes_on);
  [[nodiscard]] bool may_be_related(std::string_view space, const ListedFunction& listed) const;
  [[nodiscard]] bool is_orphan(std::string_view space, std::string_view name,
                               const FunctionMark& mark) const;
  [[nodiscard]] std::optional<std::chrono::sys_seconds> taken_over_at(std::string_view space,
                                                                      std::string_view name) const;

  Api& api_;
  const Wanted& wanted_;
  const Unmarked unmarked_;
  const std::vector<Wanted>* siblings_ = nullptr;
  bool keeps_house_ = false;
  bool everywhere_ = false;
  bool closely_ = false;
  bool told_no_list_ = false;  // that predecessors cannot be looked for
  std::optional<ApiError> unlisted_;
  std::vector<std::string> spaces_;
  std::vector<ListedFunction> deployment_;
  // Since when functions, by identity_of(), have no events any more that this process took over.
  std::map<std::string, std::chrono::sys_seconds> taken_over_;
};

}  // namespace gateway::cloud
