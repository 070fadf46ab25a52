#pragma once
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>

#include "testkit/http_text.hpp"

namespace gateway::test {

class ScriptedCloud;

struct ControlAnswer {
  unsigned status = 200;
  std::string body;  // JSON
};

// GET /state and POST /faults, which are not the service's.
[[nodiscard]] bool is_cloud_control(const RequestMessage& request);
// 400 with {"error": ...} for a script that is none.
[[nodiscard]] ControlAnswer answer_cloud_control(ScriptedCloud& cloud,
                                                 const RequestMessage& request);

// {"functions":[as GetFunction answers, and Region, Number, CodeUpdates, ConfigurationUpdates,
// RetryNum, MsgTTL], "rules":[{bucket,event,prefix,suffix,holder}], "journal":[{index,connection,
// action,region,secretId,parameters,fault,outcome,handled,answered,requestId}],
// "refusedSignatures":[...], "connections":n}. Code is left out of the parameters.
[[nodiscard]] boost::json::object cloud_state(const ScriptedCloud& cloud);

// Plays a script: a list of steps, each an object. With "action" (or "*") it is a fault of the next
// "times" (1) calls, made of: "error" and "message"; "http" (a status); "truncated": true; "cut":
// "request" or "answer"; "delayMs"; "stalled": true; "endsAs" and "reasons": [{"code","message"}];
// "stuck": true; "unseen" (reads); "handled": true to let the call take effect all the same.
// Without: {"release": true}, {"forgetFaults": true}, {"settle": path}, {"erase": path},
// {"clockOffsetSeconds": n}, {"expireToken": token}, {"key": {secretId, secretKey, token}},
// {"foreignFunction": name}, {"rule": {bucket, event, prefix, suffix, holder}}.
// Throws std::exception for anything else; the steps before it have been played.
void play_cloud_script(ScriptedCloud& cloud, const boost::json::array& script);

}  // namespace gateway::test
