#pragma once
#include <boost/json/object.hpp>
#include <boost/system/result.hpp>
#include <string>

#include "cloud/api_error.hpp"
#include "runtime/asio.hpp"

namespace gateway::cloud {

template <class T>
using ApiResult = boost::system::result<T, ApiError>;

// A service of Tencent Cloud API 3.0, as its callers see it. Used on one thread.
class Api {
 public:
  Api() = default;
  virtual ~Api() = default;
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  // Performs one action. Returns the members of `Response` without RequestId, or the error. The
  // implementation repeats reads (`Get...`, `List...`, `Describe...`). It never repeats a write
  // that the service may have seen: the caller reads first what the write did.
  [[nodiscard]] virtual Task<ApiResult<boost::json::object>> call(
      std::string action, boost::json::object parameters) = 0;

  // Ends calls in progress, and every later one, with ClientError.Cancelled.
  virtual void cancel() = 0;
};

}  // namespace gateway::cloud
