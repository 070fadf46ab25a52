#include "cloud/api_error.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace gateway::cloud {
namespace {

using enum ErrorKind;

constexpr std::string_view kRights =
    "give the user or role of this key the policy QcloudSCFFullAccess, or at least "
    "scf:GetFunction, "
    "scf:CreateFunction, scf:UpdateFunction, scf:UpdateFunctionCode, "
    "scf:UpdateFunctionConfiguration, scf:DeleteFunction, scf:ListTriggers, scf:SetTrigger, "
    "scf:CreateTrigger, scf:DeleteTrigger, scf:UpdateTriggerStatus, scf:ListFunctions, "
    "scf:ListNamespaces, scf:GetFunctionEventInvokeConfig "
    "and scf:UpdateFunctionEventInvokeConfig";
constexpr std::string_view kKeyPair =
    "check secret_id and secret_key: they must be a pair, enabled in the console under Access "
    "Management, API keys, and without blanks around them";
constexpr std::string_view kToken =
    "the temporary credentials have expired or are wrong: renew session_token together with its "
    "secret_id and secret_key, or use a permanent key pair";
constexpr std::string_view kMfa =
    "this key may not be used without multi-factor authentication: use one of a user without it";
constexpr std::string_view kAddress =
    "the account's rules do not let this machine's public address use the API: allow it in the "
    "console under Access Management";
constexpr std::string_view kClock =
    "set this machine's clock: it may differ from the service's by 5 minutes at most";
constexpr std::string_view kServiceRole =
    "SCF lacks its service role SCF_QcsRole: open the console of Serverless Cloud Function once "
    "with "
    "the main account and authorise it (policy QcloudAccessForScfRole)";
constexpr std::string_view kCosRights =
    "the account or SCF's service role SCF_QcsRole may not manage this bucket: authorise SCF once "
    "in "
    "its console (policy QcloudAccessForScfRole) and check that the bucket belongs to this account";
constexpr std::string_view kActivate =
    "activate Serverless Cloud Function (and Cloud Log Service, if it is named) once in the "
    "console";
constexpr std::string_view kArrears = "the account is in arrears or suspended: settle it first";
constexpr std::string_view kSoldOut =
    "the region has no capacity at present; if that lasts, another region may have";
constexpr std::string_view kNamespace =
    "the namespace does not exist in this region: create it in the console, or set "
    "function.namespace to one that does";
constexpr std::string_view kBucketTaken =
    "another function or product already holds a notification rule of this bucket that overlaps: "
    "prefix and suffix of two rules for the same events must not both overlap. Remove that rule "
    "(in "
    "the console of COS, the bucket's function and notification settings) or narrow bucket.events, "
    "bucket.prefix or bucket.suffix";
constexpr std::string_view kBucketCall =
    "SCF could not set the bucket's notification rule: check that the bucket exists in the region "
    "of "
    "the function, that no other rule overlaps, and that SCF is authorised (SCF_QcsRole)";
constexpr std::string_view kBucketMissing =
    "the bucket does not exist in the region of the function: check bucket.endpoint and "
    "function.region, which must agree";
constexpr std::string_view kBucketFull =
    "the bucket or the function has as many notification rules as there can be: remove some";
constexpr std::string_view kFunctionQuota =
    "the namespace is full: delete functions that are not used, use another function.namespace or "
    "apply for a larger quota";
constexpr std::string_view kTriggerQuota =
    "the function has as many triggers as it may have: use fewer bucket.events, such as "
    "cos:ObjectCreated:* in place of its parts";
constexpr std::string_view kMemory = "lower function.memory, or apply for a larger quota";
constexpr std::string_view kTimeout = "lower function.timeout, or apply for a larger quota";
constexpr std::string_view kRetryNumber = "lower function.retries";
constexpr std::string_view kMessageTtl = "lower function.max_age (60s to 6h)";
constexpr std::string_view kQuota =
    "a quota of the account is used up: free some or apply for more";
constexpr std::string_view kRuntime =
    "try another function.runtime: Nodejs18.15, Nodejs16.13 or Nodejs20.19";
constexpr std::string_view kMemorySize =
    "function.memory must be 64, or a multiple of 128 up to 3072";
constexpr std::string_view kEnvironment =
    "all environment variables together must fit 4 KB: shorten target, eventbus or public_url";
constexpr std::string_view kCosCode =
    "function.code must name a zip that exists: bucket without its appid, region and path";
constexpr std::string_view kCosCodeOwner =
    "function.code names an object that this account may not use as code: its bucket must be the "
    "account's own, and the user of this key may read it";
constexpr std::string_view kFunctionName =
    "function.name must be 2 to 60 letters, digits, '-' and '_', a letter first, and no '-' or '_' "
    "last";
constexpr std::string_view kRetryRules =
    "check function.retries (0 to 2) and function.max_age (60s to 6h)";
constexpr std::string_view kTooLarge =
    "the call exceeds 10 MiB, which code of about 7.5 MB reaches: give larger code as a COS object "
    "with function.code";
constexpr std::string_view kRegion =
    "check function.region: the service is not offered there, or needs the region's own endpoint "
    "in "
    "function.api";
constexpr std::string_view kEndpoint =
    "check that function.api is an endpoint of Serverless Cloud Function";
constexpr std::string_view kAlias = "remove the aliases of the function first, in the console";
constexpr std::string_view kTrigger =
    "check bucket.endpoint, bucket.events, bucket.prefix (without a leading '/') and bucket.suffix "
    "(with a leading '.')";
constexpr std::string_view kLimited = "the API limits the rate of calls; it passes";

// Code and action are patterns: "X*" is all that begins with X, "X.*" is X itself and all below it,
// "*.X" is all that ends with .X.
struct Rule {
  std::string_view action;
  std::string_view code;
  ErrorKind kind;
  std::string_view advice;
};

// The first rule that fits counts: exact codes, then families. What a code means is taken from the
// texts of the official SDK's list (353 codes) and of the API's common codes; the table in
// tests/data/scf_error_codes.tsv has the outcome for every code and action.
constexpr std::array kRules = std::to_array<Rule>({
    // Who calls, and whether they may.
    {"*", "AuthFailure.SignatureExpire", permanent, kClock},
    {"*", "AuthFailure.SignatureFailure", denied, kKeyPair},
    {"*", "AuthFailure.SecretIdNotFound", denied, kKeyPair},
    {"*", "AuthFailure.InvalidSecretId", denied, kKeyPair},
    {"*", "AuthFailure.InvalidAuthorization", denied, kKeyPair},
    {"*", "AuthFailure.TokenFailure", denied, kToken},
    {"*", "FailedOperation.AuthFailure", denied, kToken},
    {"*", "AuthFailure.MFAFailure", denied, kMfa},
    {"*", "AuthFailure.*", denied, kRights},
    {"*", "UnauthorizedOperation.Region", denied, kRegion},
    {"*", "UnauthorizedOperation.TempCosAppid", denied, kCosCodeOwner},
    {"*", "UnauthorizedOperation.CodeSecret", denied, kCosCodeOwner},
    {"*", "UnauthorizedOperation.Role", denied, kCosRights},
    {"*", "UnauthorizedOperation.*", denied, kRights},
    {"*", "IpInBlacklist", denied, kAddress},
    {"*", "IpNotInWhitelist", denied, kAddress},

    // Not there. What a read does not find, and what is deleted already, is simply absent. The text
    // of InvalidParameterValue.FunctionName is that there is no such function, but for a new one.
    {"CreateFunction", "InvalidParameterValue.FunctionName", permanent, kFunctionName},
    {"*", "InvalidParameterValue.FunctionName", absent, ""},
    {"CreateFunction", "ResourceNotFound.Namespace", permanent, kNamespace},
    {"*", "ResourceNotFound.Namespace", absent, ""},
    {"*", "ResourceNotFound.Function", absent, ""},
    {"*", "ResourceNotFound.FunctionName", absent, ""},
    {"*", "ResourceNotFound.Trigger", absent, ""},
    {"*", "ResourceNotFound.Role*", permanent, kServiceRole},
    {"*", "ResourceNotFound.CosObject", permanent, kCosCode},
    {"CreateFunction", "ResourceNotFound.Cos", permanent, kCosCode},
    {"UpdateFunctionCode", "ResourceNotFound.Cos", permanent, kCosCode},
    {"*", "ResourceNotFound.Cos", permanent, kBucketMissing},
    {"CreateTrigger", "ResourceNotFound.Version", permanent, ""},
    {"*", "ResourceNotFound.Version", transient, ""},  // seen for a moment while a delete runs
    {"Get*", "ResourceNotFound", absent, ""},
    {"List*", "ResourceNotFound", absent, ""},
    {"Delete*", "ResourceNotFound", absent, ""},
    {"*", "ResourceNotFound", stubborn, ""},
    {"*", "ResourceNotFound.*", permanent, ""},

    // There already, or taken by somebody else.
    {"*", "ResourceInUse.Cos", permanent, kBucketTaken},
    {"*", "InvalidParameterValue.CosNotifyRuleConflict", permanent, kBucketTaken},
    {"Create*", "ResourceInUse.*", exists, ""},
    {"*", "FailedOperation.UpdateTriggerStatus", exists, ""},

    // The service role, services not activated, and money.
    {"*", "FailedOperation.QcsRoleNotFound", permanent, kServiceRole},
    {"*", "FailedOperation.CallRoleFailed", permanent, kServiceRole},
    {"*", "FailedOperation.OpenService", permanent, kActivate},
    {"*", "FailedOperation.UnOpenedService", permanent, kActivate},
    {"*", "FailedOperation.ServiceClosed", permanent, kActivate},
    {"*", "FailedOperation.ClsServiceUnregistered", permanent, kActivate},
    {"*", "FailedOperation.AccountInsufficient", permanent, kArrears},
    {"*", "FailedOperation.InsufficientBalance", permanent, kArrears},
    {"*", "ResourceUnavailable.InsufficientBalance", permanent, kArrears},
    {"*", "ResourceUnavailable.ServiceSuspended", permanent, kArrears},
    {"*", "OperationDenied.Account*", permanent, kArrears},

    // COS: where the code comes from, or the bucket's side of a trigger.
    {"CreateFunction", "InvalidParameterValue.Cos", permanent, kCosCode},
    {"UpdateFunctionCode", "InvalidParameterValue.Cos", permanent, kCosCode},
    {"CreateFunction", "InternalError.Cos", transient, kCosCode},
    {"UpdateFunctionCode", "InternalError.Cos", transient, kCosCode},
    {"CreateFunction", "*.Cos", stubborn, kCosCode},
    {"UpdateFunctionCode", "*.Cos", stubborn, kCosCode},
    {"*", "InternalError.Cos", transient, kBucketCall},
    {"*", "FailedOperation.Cos", stubborn, kBucketCall},
    {"*", "InvalidParameterValue.Cos", stubborn, kBucketCall},
    {"*", "UnsupportedOperation.Cos", stubborn, kBucketCall},
    {"*", "ResourceInsufficient.COS", permanent, kBucketFull},
    {"*", "LimitExceeded.FunctionOnTopic", permanent, kBucketFull},

    // The function's state does not allow it now.
    {"*", "FailedOperation.CreateTrigger", busy, ""},
    {"*", "FailedOperation.DeleteFunction", busy, ""},
    {"*", "FailedOperation.UpdateFunctionCode", busy, ""},
    {"*", "FailedOperation.UpdateFunctionConfiguration", busy, ""},
    {"*", "FailedOperation.FunctionStatusError", busy, ""},
    {"*", "FailedOperation.FunctionNameStatusError", busy, ""},
    {"*", "FailedOperation.FunctionVersionStatusNotActive", busy, ""},
    {"*", "FailedOperation.OperationConflict", busy, ""},
    {"*", "FailedOperation.ProvisionedInProgress", busy, ""},
    {"*", "FailedOperation.ReservedInProgress", busy, ""},
    {"*", "FailedOperation.TotalConcurrencyMemoryInProgress", busy, ""},
    {"*", "FailedOperation.DebugModeStatus", busy, ""},
    {"*", "FailedOperation.DebugModeUpdateTimeOutFail", busy, ""},
    {"*", "FailedOperation.AsyncEventStatus", busy, ""},

    // Passes by itself.
    {"*", "RequestLimitExceeded.*", transient, kLimited},
    {"*", "InternalError.GetRoleError", transient, kServiceRole},
    {"*", "InternalError.GetStsTokenFailed", transient, kServiceRole},
    {"*", "InternalError.*", transient, ""},
    {"*", "ServiceUnavailable.*", transient, ""},
    {"*", "ResourceUnavailable", transient, ""},
    {"*", "FailedOperation.InsufficientResources", transient, kSoldOut},
    {"*", "FailedOperation.QueryError", transient, ""},
    {"*", "FailedOperation.DeleteTrigger", transient, ""},

    // Quotas.
    {"*", "LimitExceeded.Function", permanent, kFunctionQuota},
    {"*", "LimitExceeded.Trigger", permanent, kTriggerQuota},
    {"*", "LimitExceeded.Memory", permanent, kMemory},
    {"*", "LimitExceeded.Timeout", permanent, kTimeout},
    {"*", "LimitExceeded.RetryNum", permanent, kRetryNumber},
    {"*", "LimitExceeded.MsgTTL", permanent, kMessageTtl},
    {"*", "LimitExceeded.*", permanent, kQuota},

    // The call itself is wrong.
    {"*", "ResourceUnavailable.Namespace", permanent, kNamespace},
    {"*", "InvalidParameterValue.Namespace*", permanent, kNamespace},
    {"*", "InvalidParameter.FunctionName", permanent, kFunctionName},
    {"*", "InvalidParameterValue.Runtime", permanent, kRuntime},
    {"*", "InvalidParameterValue.Memory*", permanent, kMemorySize},
    {"*", "InvalidParameterValue.EnvironmentExceededLimit", permanent, kEnvironment},
    {"*", "InvalidParameterValue.AsyncTriggerConfig", permanent, kRetryRules},
    {"*", "InvalidParameterValue.CosBucket*", permanent, kCosCode},
    {"*", "InvalidParameterValue.CosObjectName", permanent, kCosCode},
    {"*", "InvalidParameterValue.TempCosObjectName", permanent, kCosCode},
    {"CreateTrigger", "InvalidParameterValue.Trigger*", permanent, kTrigger},
    {"*", "InvalidParameter.RequestTooLarge", permanent, kTooLarge},
    {"*", "InvalidParameterValue.*", permanent, ""},
    {"*", "InvalidParameter.*", permanent, ""},
    {"*", "MissingParameter.*", permanent, ""},
    {"*", "UnknownParameter.*", permanent, ""},
    {"*", "RequestSizeLimitExceeded", permanent, kTooLarge},
    {"*", "ResponseSizeLimitExceeded", permanent, ""},
    {"*", "UnsupportedRegion", permanent, kRegion},
    {"*", "InvalidAction", permanent, kEndpoint},
    {"*", "ActionOffline", permanent, kEndpoint},
    {"*", "NoSuchVersion", permanent, kEndpoint},
    {"*", "NoSuchProduct", permanent, kEndpoint},
    {"*", "UnsupportedProtocol", permanent, kEndpoint},
    {"*", "UnsupportedOperation.Region", permanent, kRegion},
    {"*", "UnsupportedOperation.NotSupportRegion", permanent, kRegion},
    {"*", "UnsupportedOperation.AliasBind", permanent, kAlias},
    {"*", "UnsupportedOperation.*", permanent, ""},
});

constexpr bool fits(std::string_view pattern, std::string_view text) {
  if (pattern.starts_with("*.")) return text.ends_with(pattern.substr(1));
  if (!pattern.ends_with('*')) return text == pattern;
  pattern.remove_suffix(1);
  if (text.starts_with(pattern)) return true;
  return pattern.ends_with('.') && text == pattern.substr(0, pattern.size() - 1);
}

// Appends a text of the service, which may hold control characters, as part of one log line.
void append_one_line(std::string& line, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    line += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
}

}  // namespace

std::string ApiError::text() const {
  std::string line = action_;
  if (!code_.empty()) {
    line += line.empty() ? "" : ": ";
    append_one_line(line, code_);
  }
  if (!message_.empty()) {
    line += line.empty() ? "" : ": ";
    append_one_line(line, message_);
  }
  if (!advice_.empty()) line += "; " + advice_;
  if (!request_id_.empty()) {
    line += " (request ";
    append_one_line(line, request_id_);
    line += ')';
  }
  return line;
}

void throw_exception_from_error(const ApiError& error, const boost::source_location&) {
  throw std::runtime_error(error.text());
}

Classified classify(std::string_view action, std::string_view code) noexcept {
  const auto* const rule = std::ranges::find_if(kRules, [&](const Rule& candidate) {
    return fits(candidate.action, action) && fits(candidate.code, code);
  });
  Classified classified;
  classified.kind = stubborn;
  if (rule == kRules.end()) return classified;
  classified.kind = rule->kind;
  classified.advice = rule->advice;
  return classified;
}

}  // namespace gateway::cloud
