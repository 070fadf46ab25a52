#include "gateway/transport/transport_error.hpp"

#include <string>

namespace gateway::transport {
namespace {

class Category final : public boost::system::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "gateway.transport"; }
  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<TransportError>(value)) {
      case TransportError::none: return "no error";
      case TransportError::cut_off: return "closed without a TLS close_notify";
      case TransportError::handshake_cut_off: return "closed in the TLS handshake";
      case TransportError::not_tls:
      case TransportError::plain_http: return "not TLS";
      case TransportError::certificate: return "TLS certificate refused";
      case TransportError::protocol: return "TLS failed";
      case TransportError::proxy: return "no tunnel through the proxy";
    }
    return "unknown";
  }
};

}  // namespace

const boost::system::error_category& transport_category() noexcept {
  static const Category category;
  return category;
}

boost::system::error_code make_error_code(TransportError error) noexcept {
  return {static_cast<int>(error), transport_category()};
}

}  // namespace gateway::transport
