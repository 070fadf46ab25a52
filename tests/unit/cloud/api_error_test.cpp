#include "cloud/api_error.hpp"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "cloud/api.hpp"
#include "unit/cloud/error_kind_text.hpp"

namespace gateway::cloud {

namespace {

using enum ErrorKind;

struct ErrorCase {
  std::string_view action;
  std::string_view code;
  ErrorKind kind;
  std::string_view advice;  // a word of it; empty: no matter
};

constexpr std::array kCases = std::to_array<ErrorCase>({
    // Common codes of API 3.0.
    {"GetFunction", "AuthFailure.SignatureExpire", permanent, "clock"},
    {"GetFunction", "AuthFailure.SignatureFailure", denied, "secret_key"},
    {"GetFunction", "AuthFailure.SecretIdNotFound", denied, "secret_id"},
    {"GetFunction", "AuthFailure.InvalidSecretId", denied, "secret_id"},
    {"GetFunction", "AuthFailure.TokenFailure", denied, "session_token"},
    {"GetFunction", "AuthFailure.InvalidAuthorization", denied, "secret_id"},
    {"GetFunction", "AuthFailure.UnauthorizedOperation", denied, "scf:GetFunction"},
    {"CreateTrigger", "UnauthorizedOperation", denied, "scf:SetTrigger"},
    {"CreateFunction", "UnauthorizedOperation.CAM", denied, "QcloudSCFFullAccess"},
    {"CreateFunction", "UnauthorizedOperation.Region", denied, ""},
    {"CreateFunction", "UnauthorizedOperation.Role", denied, "SCF_QcsRole"},
    {"CreateTrigger", "UnauthorizedOperation.CreateTrigger", denied, "scf:CreateTrigger"},
    {"GetFunction", "AuthFailure.MFAFailure", denied, "multi-factor"},
    {"GetFunction", "AuthFailure.SomethingNew", denied, ""},
    {"CreateFunction", "RequestLimitExceeded", transient, "rate"},
    {"CreateFunction", "RequestLimitExceeded.UinLimitExceeded", transient, ""},
    {"CreateFunction", "RequestLimitExceeded.IPLimitExceeded", transient, ""},
    {"CreateFunction", "RequestLimitExceeded.GlobalRegionUinLimitExceeded", transient, ""},
    {"GetFunction", "InternalError", transient, ""},
    {"GetFunction", "InternalError.System", transient, ""},
    {"GetFunction", "ServiceUnavailable", transient, ""},
    {"GetFunction", "ResourceUnavailable", transient, ""},
    {"CreateFunction", "RequestSizeLimitExceeded", permanent, "10 MiB"},
    {"GetFunction", "ResponseSizeLimitExceeded", permanent, ""},
    {"CreateFunction", "InvalidParameter", permanent, ""},
    {"CreateFunction", "InvalidParameterValue", permanent, ""},
    {"CreateFunction", "MissingParameter", permanent, ""},
    {"CreateFunction", "UnknownParameter", permanent, ""},
    {"CreateFunction", "InvalidAction", permanent, "function.api"},
    {"CreateFunction", "ActionOffline", permanent, ""},
    {"CreateFunction", "NoSuchVersion", permanent, ""},
    {"CreateFunction", "NoSuchProduct", permanent, ""},
    {"CreateFunction", "UnsupportedRegion", permanent, "function.region"},
    {"CreateFunction", "UnsupportedProtocol", permanent, ""},
    {"CreateFunction", "UnsupportedOperation", permanent, ""},
    {"CreateFunction", "IpInBlacklist", denied, "address"},
    {"CreateFunction", "IpNotInWhitelist", denied, "address"},
    {"CreateFunction", "LimitExceeded", permanent, "quota"},

    // CreateFunction.
    {"CreateFunction", "ResourceInUse.Function", exists, ""},
    {"CreateFunction", "ResourceInUse.FunctionName", exists, ""},
    {"CreateFunction", "ResourceInUse", exists, ""},
    {"CreateFunction", "LimitExceeded.Function", permanent, "namespace is full"},
    {"CreateFunction", "LimitExceeded.Memory", permanent, "function.memory"},
    {"CreateFunction", "LimitExceeded.Timeout", permanent, "function.timeout"},
    {"CreateFunction", "LimitExceeded.InitTimeout", permanent, "quota"},
    {"CreateFunction", "LimitExceeded.Eip", permanent, "quota"},
    {"CreateFunction", "ResourceNotFound.Namespace", permanent, "function.namespace"},
    {"CreateFunction", "ResourceUnavailable.Namespace", permanent, "function.namespace"},
    {"CreateFunction", "ResourceNotFound.Role", permanent, "SCF_QcsRole"},
    {"CreateFunction", "FailedOperation.QcsRoleNotFound", permanent, "console"},
    {"CreateFunction", "FailedOperation.CallRoleFailed", permanent, "SCF_QcsRole"},
    {"CreateFunction", "InternalError.GetRoleError", transient, "SCF_QcsRole"},
    {"CreateFunction", "InternalError.GetStsTokenFailed", transient, "SCF_QcsRole"},
    {"CreateFunction", "FailedOperation.OpenService", permanent, "activate"},
    {"CreateFunction", "FailedOperation.UnOpenedService", permanent, "activate"},
    {"CreateFunction", "FailedOperation.ClsServiceUnregistered", permanent, "activate"},
    {"CreateFunction", "FailedOperation.AccountInsufficient", permanent, "arrears"},
    {"CreateFunction", "FailedOperation.InsufficientBalance", permanent, "arrears"},
    {"CreateFunction", "ResourceUnavailable.InsufficientBalance", permanent, "arrears"},
    {"CreateFunction", "ResourceUnavailable.ServiceSuspended", permanent, "arrears"},
    {"CreateFunction", "OperationDenied.AccountIsolated", permanent, "arrears"},
    {"CreateFunction", "FailedOperation.InsufficientResources", transient, "region"},
    {"CreateFunction", "FailedOperation.CreateFunction", stubborn, ""},
    {"CreateFunction", "FailedOperation", stubborn, ""},
    {"CreateFunction", "InvalidParameterValue.FunctionName", permanent, ""},
    {"CreateFunction", "InvalidParameterValue.Namespace", permanent, "namespace"},
    {"CreateFunction", "InvalidParameterValue.NamespaceInvalid", permanent, "namespace"},
    {"CreateFunction", "InvalidParameterValue.Runtime", permanent, "Nodejs18.15"},
    {"CreateFunction", "InvalidParameterValue.Handler", permanent, ""},
    {"CreateFunction", "InvalidParameterValue.Memory", permanent, "function.memory"},
    {"CreateFunction", "InvalidParameterValue.MemorySize", permanent, "function.memory"},
    {"CreateFunction", "InvalidParameterValue.Description", permanent, ""},
    {"CreateFunction", "InvalidParameterValue.Code", permanent, ""},
    {"CreateFunction", "InvalidParameterValue.CodeSource", permanent, ""},
    {"CreateFunction", "InvalidParameterValue.ZipFile", permanent, ""},
    {"CreateFunction", "InvalidParameterValue.ZipFileBase64BinasciiError", permanent, ""},
    {"CreateFunction", "InvalidParameterValue.Environment", permanent, ""},
    {"CreateFunction", "InvalidParameterValue.EnvironmentExceededLimit", permanent, "4 KB"},
    {"CreateFunction", "InvalidParameterValue.EnvironmentSystemProtect", permanent, ""},
    {"CreateFunction", "InvalidParameterValue.Vpc", permanent, ""},
    {"CreateFunction", "InvalidParameterValue.PublicNetConfig", permanent, ""},
    {"CreateFunction", "InvalidParameterValue.Type", permanent, ""},
    {"CreateFunction", "InvalidParameterValue.CosBucketName", permanent, "function.code"},
    {"CreateFunction", "InvalidParameterValue.CosObjectName", permanent, "function.code"},
    {"CreateFunction", "InvalidParameterValue.CosBucketRegion", permanent, "function.code"},
    {"CreateFunction", "MissingParameter.Code", permanent, ""},
    {"CreateFunction", "MissingParameter.Runtime", permanent, ""},
    {"CreateFunction", "InvalidParameter.Payload", permanent, ""},
    {"CreateFunction", "ResourceNotFound.CosObject", permanent, "function.code"},
    {"CreateFunction", "ResourceNotFound.Vpc", permanent, ""},
    {"CreateFunction", "ResourceNotFound.Layer", permanent, ""},

    // Reading.
    {"GetFunction", "ResourceNotFound.Function", absent, ""},
    {"GetFunction", "ResourceNotFound.FunctionName", absent, ""},
    {"GetFunction", "InvalidParameterValue.FunctionName", absent, ""},
    {"GetFunction", "ResourceNotFound.Namespace", absent, ""},
    {"GetFunction", "ResourceNotFound", absent, ""},
    {"GetFunction", "ResourceNotFound.Version", transient, ""},
    {"ListTriggers", "ResourceNotFound.Function", absent, ""},
    {"GetFunctionEventInvokeConfig", "InvalidParameterValue.FunctionName", absent, ""},

    // CreateTrigger.
    {"CreateTrigger", "InvalidParameterValue.CosNotifyRuleConflict", permanent, "bucket.prefix"},
    {"CreateTrigger", "ResourceInUse.Cos", permanent, "another function"},
    {"CreateTrigger", "ResourceInUse.Trigger", exists, ""},
    {"CreateTrigger", "ResourceInUse.TriggerName", exists, ""},
    {"CreateTrigger", "ResourceInUse", exists, ""},
    {"CreateTrigger", "LimitExceeded.Trigger", permanent, "bucket.events"},
    {"CreateTrigger", "ResourceInsufficient.COS", permanent, "rules"},
    {"CreateTrigger", "LimitExceeded.FunctionOnTopic", permanent, "rules"},
    {"CreateTrigger", "ResourceNotFound.Cos", permanent, "bucket.endpoint"},
    {"CreateTrigger", "FailedOperation.Cos", stubborn, "bucket"},
    {"CreateTrigger", "InternalError.Cos", transient, "bucket"},
    {"CreateTrigger", "InvalidParameterValue.Cos", stubborn, "bucket"},
    {"CreateTrigger", "UnsupportedOperation.Cos", stubborn, "bucket"},
    {"CreateTrigger", "FailedOperation.CreateTrigger", busy, ""},
    {"CreateTrigger", "InvalidParameterValue.TriggerName", permanent, "bucket.endpoint"},
    {"CreateTrigger", "InvalidParameterValue.TriggerDesc", permanent, "bucket.suffix"},
    {"CreateTrigger", "InvalidParameterValue.Type", permanent, ""},
    {"CreateTrigger", "InvalidParameterValue.Enable", permanent, ""},
    {"CreateTrigger", "ResourceNotFound.Qualifier", permanent, ""},
    {"CreateTrigger", "ResourceNotFound.Version", permanent, ""},
    {"CreateTrigger", "ResourceNotFound.FunctionVersion", permanent, ""},
    {"CreateTrigger", "ResourceNotFound.Function", absent, ""},

    // Removing.
    {"DeleteTrigger", "ResourceNotFound.Trigger", absent, ""},
    {"DeleteTrigger", "ResourceNotFound.Function", absent, ""},
    {"DeleteTrigger", "ResourceNotFound.FunctionName", absent, ""},
    {"DeleteTrigger", "FailedOperation.DeleteTrigger", transient, ""},
    {"DeleteTrigger", "FailedOperation.CreateTrigger", busy, ""},
    {"DeleteFunction", "ResourceNotFound.Function", absent, ""},
    {"DeleteFunction", "ResourceNotFound.FunctionName", absent, ""},
    {"DeleteFunction", "ResourceNotFound.Namespace", absent, ""},
    {"DeleteFunction", "FailedOperation.DeleteFunction", busy, ""},
    {"DeleteFunction", "FailedOperation.FunctionStatusError", busy, ""},
    {"DeleteFunction", "FailedOperation.FunctionNameStatusError", busy, ""},
    {"DeleteFunction", "FailedOperation.ProvisionedInProgress", busy, ""},
    {"DeleteFunction", "UnsupportedOperation.AliasBind", permanent, "alias"},

    // Changing.
    {"UpdateFunctionCode", "FailedOperation.UpdateFunctionCode", busy, ""},
    {"UpdateFunctionCode", "FailedOperation.FunctionStatusError", busy, ""},
    {"UpdateFunctionCode", "FailedOperation.FunctionNameStatusError", busy, ""},
    {"UpdateFunctionCode", "FailedOperation.OperationConflict", busy, ""},
    {"UpdateFunctionCode", "FailedOperation.DebugModeStatus", busy, ""},
    {"UpdateFunctionConfiguration", "FailedOperation.UpdateFunctionConfiguration", busy, ""},
    {"UpdateFunctionConfiguration", "ResourceNotFound.Function", absent, ""},
    {"UpdateFunctionEventInvokeConfig", "FailedOperation.FunctionVersionStatusNotActive", busy, ""},
    {"UpdateFunctionEventInvokeConfig", "LimitExceeded.RetryNum", permanent, "function.retries"},
    {"UpdateFunctionEventInvokeConfig", "LimitExceeded.MsgTTL", permanent, "function.max_age"},
    {"UpdateTriggerStatus", "FailedOperation.UpdateTriggerStatus", exists, ""},
    {"UpdateTriggerStatus", "InvalidParameterValue.CosNotifyRuleConflict", permanent, "overlap"},

    // Families end where a word ends.
    {"CreateFunction", "LimitExceededNot", stubborn, ""},
    {"CreateFunction", "SomethingNew", stubborn, ""},
    {"CreateFunction", "", stubborn, ""},
});

TEST(ApiErrorCodes, AreClassifiedByWhatTheyAskOfTheCaller) {
  for (const auto& [action, code, kind, advice] : kCases) {
    const auto classified = classify(action, code);
    EXPECT_EQ(classified.kind, kind) << action << ' ' << code;
    EXPECT_NE(classified.advice.find(advice), std::string_view::npos)
        << action << ' ' << code << ": " << classified.advice;
  }
}

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, '\t');) fields.push_back(field);
  return fields;
}

TEST(ApiErrorCodes, AllThatAreDocumentedAreInTheTable) {
  const std::vector<std::string> actions{"GetFunction",
                                         "GetFunctionEventInvokeConfig",
                                         "ListTriggers",
                                         "ListFunctions",
                                         "CreateFunction",
                                         "UpdateFunctionCode",
                                         "CreateTrigger",
                                         "UpdateFunctionConfiguration",
                                         "UpdateFunctionEventInvokeConfig",
                                         "DeleteFunction",
                                         "DeleteTrigger",
                                         "UpdateTriggerStatus"};
  std::ifstream table(COS_GATEWAY_TEST_DATA "/scf_error_codes.tsv");
  std::size_t codes = 0;
  for (std::string line; std::getline(table, line);) {
    if (line.starts_with('#')) continue;
    ++codes;
    const auto fields = fields_of(line);
    ASSERT_GE(fields.size(), 3U) << line;
    for (const auto& action : actions) {
      std::string expected = fields[1];
      bool differs = false;
      for (std::size_t i = 3; i < fields.size(); ++i) {
        if (!fields[i].starts_with(action + "=")) continue;
        expected = fields[i].substr(action.size() + 1);
        differs = true;
      }
      const auto classified = classify(action, fields[0]);
      EXPECT_EQ(label(classified.kind), expected) << action << ' ' << fields[0];
      if (differs || fields[2] == "-") continue;
      if (fields[0].ends_with(".Cos") && classified.advice.find("function.code") == 0) continue;
      EXPECT_NE(classified.advice.find(fields[2]), std::string_view::npos)
          << action << ' ' << fields[0] << ": " << classified.advice;
    }
  }
  EXPECT_EQ(codes, 353U);
}

// Whatever the service adds to these families passes by itself as well.
TEST(ApiErrorCodes, InternalErrorsPassByThemselves) {
  for (const std::string code : {"InternalError", "InternalError.Cos", "InternalError.Whatever"}) {
    for (const std::string action : {"CreateFunction", "CreateTrigger", "ListFunctions"}) {
      EXPECT_EQ(classify(action, code).kind, transient) << action << ' ' << code;
    }
  }
}

TEST(ApiError, IsOneLineWithAllOfIt) {
  const ApiError error(permanent, "CreateTrigger", "ResourceInUse.Cos", "taken\r\nby\tothers",
                       "8f0c", "remove the rule");
  EXPECT_EQ(error.text(),
            "CreateTrigger: ResourceInUse.Cos: taken  by others; remove the rule (request 8f0c)");
}

TEST(ApiError, LeavesOutWhatIsNotKnown) {
  EXPECT_EQ(ApiError(transient, "GetFunction", "ClientError.Timeout", "", "").text(),
            "GetFunction: ClientError.Timeout");
}

TEST(ApiError, IsPermanentWhenAnOperatorHasToAct) {
  for (const auto kind : {denied, permanent}) {
    EXPECT_TRUE(ApiError(kind, "", "", "", "").is_permanent());
  }
  for (const auto kind : {transient, stubborn, busy, exists, absent}) {
    EXPECT_FALSE(ApiError(kind, "", "", "", "").is_permanent());
  }
}

TEST(ApiError, IsWhatIsThrownWhereAValueIsTakenThatIsNotThere) {
  const ApiResult<int> result = ApiError(denied, "GetFunction", "X", "no", "1");
  try {
    static_cast<void>(result.value());
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "GetFunction: X: no (request 1)");
  }
}

}  // namespace
}  // namespace gateway::cloud
