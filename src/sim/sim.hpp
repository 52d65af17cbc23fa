#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/timeline.hpp"
#include "media/engine.hpp"
#include "sim/assumptions.hpp"
#include "sim/brain.hpp"
#include "sim/persona_script.hpp"
#include "sim/quirks.hpp"
#include "sim/replay/fixture.hpp"
#include "sip/loop.hpp"

namespace offhook::sim {

/// What the project may do with the Live API.
struct LiveRules {
  bool enabled = true;            ///< Calls are announced to Live, too, and Live can take them.
  bool deprecated_event = false;  ///< `live.call.incoming` is sent besides.
  bool plain_rtp = false;         ///< Live takes calls without SRTP, too.
  bool outbound = false;          ///< Live places calls by trunks, local ones, too; else 403.
  std::string trunk_ca_file{};    ///< Trust anchor of trunks; empty: the system's.
};

struct SimConfig {
  std::string host = "127.0.0.1";                 ///< Address of SIP and media.
  std::optional<std::uint16_t> sip_tls_port = 0;  ///< 0: any free port.
  std::optional<std::uint16_t> sip_udp_port{};    ///< UDP and TCP, for phones without TLS.
  std::string api_host = "127.0.0.1";
  std::optional<std::uint16_t> api_port = 0;  ///< http and ws.
  std::string api_tls_host = "127.0.0.1";
  std::optional<std::uint16_t> api_tls_port{};  ///< https and wss.
  std::string project = "proj_sim";             ///< User part that INVITEs must name; else 404.
  Secret api_key;                               ///< Bearer token that REST and sidebands must show.
  std::string webhook_url{};  ///< Where incoming calls are announced; empty: nowhere.
  Secret webhook_secret{};
  std::string webhook_ca_file{};  ///< Trust anchor of an https receiver; empty: system.
  std::string certs_dir{};        ///< ca.pem and server.pem are made here when missing.
  std::uint16_t rtp_first = 0;    ///< RTP port range; 0, 0: any.
  std::uint16_t rtp_last = 0;
  /// Folder for a stereo <call_id>.wav of each call, and <call_id>.jsonl of each Realtime call;
  /// empty: none.
  std::string record{};
  /// Recordings that calls are answered with, in turn; empty: a model answers.
  std::vector<std::shared_ptr<const Fixture>> replay{};
  std::uint32_t seed = 0;                  ///< Not 0: ids and times come from it, see CallClock.
  std::string voice = "slt";               ///< Of the model; see audio/speech.hpp.
  std::vector<std::string> replies{};      ///< Said in turn to the caller; empty: a default set.
  std::optional<PersonaScript> persona{};  ///< Rules to answer by; nothing: the default ones.
  std::optional<BrainConfig> brain{};      ///< A chat endpoint that answers instead of both.
  std::vector<std::string> heard{};        ///< Script recogniser: what the caller's turns say.
  bool recognise = true;  ///< What the script does not say, where a recogniser is installed.
  LiveRules live{};
  std::chrono::milliseconds accept_deadline{10'000};  ///< From webhook to decision, else SIP 400.
  /// How long a call is kept whose caller a fault leaves without a final response: no proxy waits
  /// longer (RFC 3261 section 16.6, Timer C, and section 13.3.1.1).
  std::chrono::milliseconds caller_patience{std::chrono::minutes{5}};
  std::vector<QuirkChance> quirks{};  ///< Thrown for every call anew.
  Assumptions assumptions{};          ///< About what nobody knows.
};

/// Addresses that are really bound, and where the trust anchor is.
struct SimAddresses {
  std::uint16_t sip_tls_port = 0;
  std::uint16_t sip_udp_port = 0;
  std::uint16_t api_port = 0;
  std::uint16_t api_tls_port = 0;
  std::string ca_file;
  std::string server_name;  ///< Name in the certificate: "sip.api.openai.com" also works.
};

/// OpenAI's whole phone side on this machine: SIP edge, webhook sender, REST API, sidebands and a
/// voice. Lives on the control executor; SIP and media run on their own threads.
class Sim {
 public:
  /// Everything listens when this returns.
  /// @return `invalid_argument` for a missing key, a voice that does not exist, a webhook address
  ///         that is neither http nor https, or a port that is taken.
  /// @param timeline  Told every step of every call, for `offhook sim`'s output; may be null.
  [[nodiscard]] static Result<std::unique_ptr<Sim>> start(
      const boost::asio::any_io_executor& control,
      sip::Loop& sip_loop,
      media::Engine& engine,
      SimConfig config,
      Timeline* timeline);
  Sim(const Sim&) = delete;
  Sim& operator=(const Sim&) = delete;
  ~Sim();

  [[nodiscard]] const SimAddresses& addresses() const noexcept;
  /// The recogniser's name, or why there is none.
  [[nodiscard]] const Result<std::string>& recogniser() const noexcept;
  /// Where webhooks go from now on (the receiver's port may be known only later).
  /// @return `invalid_argument`, and nothing changes, when it is no http or https address.
  Result<> set_webhook(std::string url, Secret secret);
  /// Hangs up every call and stops listening.
  boost::asio::awaitable<void> close();

 private:
  class Impl;
  explicit Sim(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace offhook::sim
