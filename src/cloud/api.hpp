#pragma once
#include <boost/json/object.hpp>
#include <boost/system/result.hpp>
#include <string>

#include "cloud/api_error.hpp"
#include "runtime/asio.hpp"

namespace gateway::cloud {

template <class T>
using ApiResult = boost::system::result<T, ApiError>;

// One service of Tencent Cloud API 3.0, as its callers see it. Used on one thread.
class Api {
 public:
  Api() = default;
  virtual ~Api() = default;
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  // One action. The members of `Response` without RequestId, or why there are none. Reads
  // (`Get...`, `List...`, `Describe...`) are repeated by the implementation; a write never is once
  // the service may have seen it, so that the caller can read first what it did.
  [[nodiscard]] virtual Task<ApiResult<boost::json::object>> call(
      std::string action, boost::json::object parameters) = 0;

  // Ends calls under way, and every later one, with ClientError.Cancelled.
  virtual void cancel() = 0;
};

}  // namespace gateway::cloud
