#include "sim/quirks.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <boost/algorithm/string/trim.hpp>

#include "base/printable.hpp"

namespace offhook::sim {
namespace {

constexpr std::size_t longest_quoted_name = 60;

constexpr std::array<QuirkInfo, quirk_count> quirk_table{{
    {Quirk::invite_ignored, "invite-ignored", "the INVITE gets no response at all, not even 100",
     "OpenAI community, several threads of 2025"},
    {Quirk::invite_unanswered, "invite-unanswered",
     "100 comes, and never a final response, whatever the controller decides",
     "OpenAI community, several threads of 2025"},
    {Quirk::invite_400, "invite-400", "the INVITE gets 400 at once; no webhook comes",
     "community reports of May 2026: inbound calls fail before a webhook is sent"},
    {Quirk::invite_408, "invite-408", "the INVITE gets 408 at once; no webhook comes",
     "OpenAI community: during incidents, and while a project is not enabled"},
    {Quirk::invite_503, "invite-503", "the INVITE gets 503 at once; no webhook comes",
     "OpenAI community: 5xx during incidents"},
    {Quirk::contact_403, "contact-403",
     "an INVITE whose Contact has a parameter twice gets 403; others are taken",
     "community.openai.com/t/1366408: ;transport=tls;transport=tls, after months of working"},
    {Quirk::omit_content_type, "omit-content-type", "the 200 OK has SDP but no Content-Type",
     "community.openai.com/t/1356243: Asterisk hung up at once"},
    {Quirk::sips_contact, "sips-contact", "the Contact of the 200 OK is a sips: address",
     "an OpenAI community thread of October 2025; an Asterisk test fixture of autumn 2026"},
    {Quirk::dtls_as_rtp, "dtls-as-rtp",
     "an offer of DTLS-SRTP alone is answered with plain RTP/AVP, not refused",
     "community.openai.com/t/1355367: faint static, or nothing to hear"},
    {Quirk::late_webhook, "late-webhook",
     "the webhook comes after the deadline, when the call has failed with 400",
     "community.openai.com/t/1371604: 16 replies, confirmed by staff"},
    {Quirk::duplicate_webhook, "duplicate-webhook", "every webhook comes twice, with one id",
     "OpenAI's guide to webhooks announces it"},
    {Quirk::lost_webhook, "lost-webhook", "no webhook comes",
     "community reports of May 2026: calls fail before the webhook is sent"},
    {Quirk::accept_not_found, "accept-not-found", "the first accept gets 404, the next is fine",
     "community reports of October 2025: accepted about a second later"},
    {Quirk::accept_204, "accept-204", "accept gets 204 instead of 200", "one community report"},
    {Quirk::accept_then_fail, "accept-then-fail",
     "accept gets 200, then the caller gets 400 and the sideband 404",
     "community reports of May 2026, after accept bodies that were malformed"},
    {Quirk::accept_after_cancel, "accept-after-cancel",
     "the id outlives the caller's CANCEL: an accept begins a session with nobody on the line",
     "community.openai.com/t/1368239"},
    {Quirk::lost_answer, "lost-answer",
     "the first request of each kind is carried out, and its answer does not come within a minute",
     "OpenAI's client libraries take it for usual: they give up after a time and ask again"},
    {Quirk::decision_made, "decision-made", "accept and reject get 409 decision_already_made",
     "OpenAI's guide to SIP documents the code, for a call that the other API took"},
    {Quirk::reject_silent, "reject-silent", "reject gets 200, and the caller goes on to wait",
     "dongri/openai-api-rs#179, 2025: reject does nothing"},
    {Quirk::rate_limit, "rate-limit", "the first request of each kind gets 429 with retry-after",
     "OpenAI documents rate_limit_exceeded"},
    {Quirk::server_error, "server-error", "the first request of each kind gets 500",
     "community.openai.com/t/1360937, for refer; OpenAI's client libraries retry it"},
    {Quirk::refer_silent, "refer-silent", "refer gets 200, and no REFER is sent",
     "community.openai.com/t/1381263, May 2026"},
    {Quirk::refer_error, "refer-error", "refer gets 500, every time",
     "community.openai.com/t/1360937: 19 replies; Azure: learn.microsoft.com/answers/5875063"},
    {Quirk::refer_no_id, "refer-no-id", "the 200 to refer has no x-request-id",
     "OpenAI community: nothing to name to OpenAI's support"},
    {Quirk::sideband_404, "sideband-404",
     "every sideband of an accepted call is refused with an empty 404; the call goes on",
     "openai/openai-realtime-console#562"},
    {Quirk::sideband_drop, "sideband-drop",
     "the first sideband drops after 1.5 s without close frame; the call goes on",
     "community.openai.com/t/1368239"},
    {Quirk::sideband_drops, "sideband-drops",
     "every sideband drops without close frame, at a random time within 12 s; the call goes on",
     "community.openai.com/t/1368239, and any network"},
    {Quirk::broken_frame, "broken-frame",
     "1.5 s after its opening a sideband brings a frame that RFC 6455 does not allow",
     "nobody yet: what a broken proxy does"},
    {Quirk::giant_frame, "giant-frame",
     "1.5 s after its opening a sideband announces a frame of 4 EiB, and begins to send it",
     "nobody yet: what a broken proxy does"},
    {Quirk::bye_during_accept, "bye-during-accept", "BYE follows at once when the call is answered",
     "community reports: dropped calls of 0 s; Twilio legs that were cut soon after accept"},
    {Quirk::early_expiry, "early-expiry", "the session expires after 3 s",
     "OpenAI documents the end after 60 minutes, and session_expired"},
    {Quirk::transcription_failed, "transcription-failed",
     "what the caller says is answered, and its transcription fails",
     "OpenAI documents conversation.item.input_audio_transcription.failed"},
    {Quirk::response_failed, "response-failed",
     "the first response fails without a word, by rate_limit_exceeded",
     "OpenAI documents the status failed; livekit/agents#2967: a model that falls silent"},
    {Quirk::content_filter, "content-filter",
     "the first response ends after its first word; a Live session closes when it has said one",
     "OpenAI documents the reasons content_filter of response.done, content of session.closed"},
    {Quirk::lost_last_events, "lost-last-events",
     "events come a second late; those still due when the call ends never come",
     "community.openai.com/t/1368239: queued events are lost at the end"},
    {Quirk::broken_events, "broken-events",
     "a sideband begins with texts that are no JSON, no event, or lack what their type has",
     "nobody yet: a release that went wrong would do it"},
    {Quirk::reordered_events, "reordered-events", "one event in four is overtaken by the next",
     "OpenAI documents that a transcript of the caller may come after the response to it"},
    {Quirk::unknown_events, "unknown-events", "the sideband brings an event type nobody knows",
     "OpenAI adds event types without notice"},
    {Quirk::extra_fields, "extra-fields", "events and webhooks have a field nobody knows",
     "sip_media_security appeared in webhooks in autumn 2026"},
    {Quirk::slow, "slow", "webhook, REST and answer take a second longer, events half a second",
     "community.openai.com/t/1371604: webhooks; twilio/openai-realtime-twilio-demo#13: greetings"},
    {Quirk::silent_call, "silent-call", "no RTP flows, either way",
     "community.openai.com/t/1363490; calls without SRTP on a trunk of Vobiz"},
    {Quirk::one_way, "one-way", "the caller's RTP is taken, none is sent",
     "OpenAI community, October 2025: no audio output, 27 replies"},
    {Quirk::static_sound, "static", "the caller hears noise instead of speech",
     "community.openai.com/t/1363490 and /1355367: after session.update, or a DTLS offer"},
    {Quirk::phantom_speech, "phantom-speech",
     "3 s into the call the model hears speech that nobody said",
     "OpenAI community, October 2025: phantom audio input, 27 replies"},
    {Quirk::wrong_voice, "wrong-voice", "the first speech has another voice than the rest",
     "community.openai.com/t/1371604, page 2: the first greeting"},
    {Quirk::ssrc_change, "ssrc-change", "after 2 s the model's RTP goes on with another SSRC",
     "community.openai.com/t/1380873 asks for it"},
    {Quirk::port_change, "port-change", "after 2 s the model's RTP comes from another port",
     "the first public SIP example takes RTP from anywhere; community.openai.com/t/1380873"},
    {Quirk::loss, "loss", "a tenth of the RTP packets is lost, both ways", "any network"},
    {Quirk::jitter, "jitter", "RTP packets are up to 80 ms late, in order, both ways",
     "any wireless network"},
    {Quirk::reorder, "reorder", "one RTP packet in ten is overtaken by the next two, both ways",
     "networks with several paths"},
    {Quirk::duplicate_packets, "duplicate-packets", "one RTP packet in ten comes twice, both ways",
     "networks with several paths"},
}};

/// Whether the rows stand in the order of the enumeration, which `names` relies on.
constexpr bool in_order() {
  for (std::size_t i = 0; i < quirk_table.size(); ++i) {
    if (static_cast<std::size_t>(quirk_table[i].quirk) != i) {
      return false;
    }
  }
  return true;
}
static_assert(in_order());

std::optional<double> probability(std::string_view text) {
  double value = -1;
  const char* const last = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), last, value);
  const bool good = failure == std::errc{} && stop == last && value >= 0 && value <= 1;
  return good ? std::optional{value} : std::nullopt;
}

}  // namespace

std::span<const QuirkInfo, quirk_count> all_quirks() noexcept { return quirk_table; }

std::vector<std::string_view> QuirkSet::names() const {
  std::vector<std::string_view> list;
  for (const QuirkInfo& info : quirk_table) {
    if (has(info.quirk)) {
      list.push_back(info.name);
    }
  }
  return list;
}

Result<QuirkChance> parse_quirk(std::string_view text) {
  const auto colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const auto* const found = std::find_if(quirk_table.begin(), quirk_table.end(),
                                         [&](const auto& row) { return row.name == name; });
  if (found == quirk_table.end()) {
    return fail(Errc::invalid_argument, printable(name, longest_quoted_name) +
                                            ": there is no such quirk; see offhook sim --quirks");
  }
  QuirkChance chance{found->quirk};
  if (colon != std::string_view::npos) {
    const auto value = probability(text.substr(colon + 1));
    if (!value) {
      return fail(Errc::invalid_argument, printable(text, longest_quoted_name) +
                                              ": the probability must be 0 to 1, as loss:0.5");
    }
    chance.probability = *value;
  }
  return chance;
}

std::vector<QuirkChance> parse_quirks_header(std::string_view text,
                                             std::vector<std::string>& unknown) {
  std::vector<QuirkChance> chances;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const std::string one = boost::trim_copy(std::string{text.substr(0, comma)});
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (one.empty()) {
      continue;
    }
    if (const auto chance = parse_quirk(one)) {
      chances.push_back(*chance);
    } else {
      unknown.push_back(one);
    }
  }
  return chances;
}

QuirkSet draw_quirks(std::span<const QuirkChance> chances, std::mt19937& dice) {
  QuirkSet set;
  std::uniform_real_distribution<double> draw{0, 1};
  for (const QuirkChance& chance : chances) {
    if (draw(dice) < chance.probability) {
      set.add(chance.quirk);
    }
  }
  return set;
}

}  // namespace offhook::sim
