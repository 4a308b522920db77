// What became of TLS connections, in words.
#include "engine/keys_status.h"

#include "report/quantity.h"
#include "tls/key_log.h"
#include "tls/session.h"

namespace umbratap::engine {

namespace {

std::string row(std::uint64_t count, const std::string& text) {
    std::string number = report::count_text(count);
    if (number.size() < 8) number.insert(0, 8 - number.size(), ' ');
    return "  " + number + "  " + text + '\n';
}

std::string labels_text(std::uint32_t bits) {
    std::string text;
    for (unsigned i = 0; i < 32; ++i) {
        if ((bits >> i & 1) == 0) continue;
        if (!text.empty()) text += ", ";
        text += tls::label_name(static_cast<tls::Label>(i));
    }
    return text;
}

std::string why_text(tls::WhyNoKey why, std::uint32_t labels) {
    switch (why) {
        case tls::WhyNoKey::no_entry:
            return "no line of a key log names the connection: does the client write this log?";
        case tls::WhyNoKey::labels_missing:
            if (labels == 0) return "the key log names it, but with secrets of another suite";
            return "the key log names it, but lacks " + labels_text(labels);
        case tls::WhyNoKey::tag_failed:
            return "there are keys for it, and none opens a record";
        case tls::WhyNoKey::no_server_hello:
            return "what the server chose was not captured";
        case tls::WhyNoKey::none:
            break;
    }
    return "without a key";
}

}  // namespace

std::string keys_status(const Counts& counts) {
    const TlsCounts& tls = counts.tls;
    const std::uint64_t all =
        tls.decrypted + tls.no_key + tls.ech + tls.unsupported + tls.midstream + tls.broken;
    std::string text = report::counted(all, "TLS connection") + '\n';
    text += row(tls.decrypted, "decrypted");
    for (std::size_t i = 0; i < tls.why_no_key.size(); ++i) {
        if (tls.why_no_key[i] == 0) continue;
        text += row(tls.why_no_key[i], why_text(static_cast<tls::WhyNoKey>(i), tls.labels_missing));
    }
    const auto some = [&](std::uint64_t count, const char* why) {
        if (count > 0) text += row(count, why);
    };
    some(tls.ech, "without a key, and the server's name encrypted (ECH)");
    some(tls.unsupported, "in a version or cipher suite that is not read");
    some(tls.midstream, "began before the capture did: the handshake is missing");
    some(tls.broken, "lost: too much of it was not captured, or a limit was reached");
    const tls::SecretsCounts& lines = counts.secrets;
    text += report::counted(lines.good, "key log line") + " taken, " +
            report::count_text(lines.duplicate) + " known already, " +
            report::count_text(lines.bad) + " not understood";
    if (lines.late > 0)
        text += "; the keys of " + report::counted(lines.late, "connection") + " came too late";
    if (lines.evicted > 0)
        text += ", " + report::counted(lines.evicted, "secret") + " gave way to newer ones";
    return text + '\n';
}

}  // namespace umbratap::engine
