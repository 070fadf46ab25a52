#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "testkit/certificate_authority.hpp"
#include "testkit/http_client.hpp"
#include "testkit/http_text.hpp"

namespace gateway::test {

// How a TlsClient goes about it.
struct TlsClientOptions {
  std::string ca;                          // whom it trusts; empty: it does not look
  std::optional<ServerIdentity> identity;  // what it shows
  int version = 0;                         // TLS1_2_VERSION, TLS1_3_VERSION; 0: any
  std::string protocols = "http/1.1";      // one name for ALPN; empty: no ALPN
};

// An HttpClient over TLS: OpenSSL on a blocking socket, as a client of others would use it. Waits
// at most HttpClient::kPatience for anything.
class TlsClient {
 public:
  struct Session;  // to be resumed
  using SessionPtr = std::shared_ptr<Session>;

  // Connects and shakes hands; throws std::runtime_error with OpenSSL's reason if that fails.
  explicit TlsClient(std::uint16_t port, const TlsClientOptions& options = {},
                     const SessionPtr& resume = nullptr);
  ~TlsClient();
  TlsClient(TlsClient&&) noexcept;
  TlsClient& operator=(TlsClient&&) noexcept;

  void send(std::string_view bytes);
  // The next answer; nothing when the peer closed first, or failed: then end() says how.
  [[nodiscard]] std::optional<Response> read();
  // The next answer; throws std::runtime_error when there is none.
  Response response();
  Response post(std::string_view body, const Headers& headers = {});

  enum class End { none, close_notify, cut_off, failed };
  // Reads to the end.
  [[nodiscard]] End end();
  // OpenSSL's reason when it failed.
  [[nodiscard]] const std::string& problem() const noexcept;

  // Says that nothing more comes, and goes on reading.
  void close_notify();
  void key_update();
  [[nodiscard]] bool resumed() const;
  [[nodiscard]] std::string version() const;
  [[nodiscard]] std::string protocol() const;  // chosen by ALPN
  // Serial number of the server's certificate, in hexadecimal.
  [[nodiscard]] std::string serial() const;
  // The last one the server has given.
  [[nodiscard]] SessionPtr session() const;
  [[nodiscard]] int fd() const;

 private:
  struct Parts;
  bool receive();
  std::unique_ptr<Parts> parts_;
};

}  // namespace gateway::test
