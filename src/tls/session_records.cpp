// What records and handshake messages say, in the clear and when opened.
#include <algorithm>

#include "tls/certificate.h"
#include "tls/client_hello.h"
#include "tls/fingerprint.h"
#include "tls/server_hello.h"
#include "tls/session_work.h"

namespace umbratap::tls {

using flow::Direction;

bool Session::Work::take_record(Half& half, const Record& record) {
    half.has_records = true;
    const std::uint8_t type = record.type();
    if (half.epoch == Epoch::legacy || type == record_type::application_data) {
        return take_protected(half, record);
    }
    // In TLS 1.3 it means nothing.
    if (type == record_type::change_cipher_spec && lacks_answer(half)) return await_answer(half);
    if (type == record_type::handshake && half.epoch >= Epoch::handshake) {
        report(Problem{"tls.bad_record"});
        half.lost = true;
        return false;
    }
    half.opened += record.bytes.size();
    if (type == record_type::handshake) take_handshake(half, record.body());
    const bool tls13 = exchange() != nullptr && exchange()->may_be_tls13();
    if (type == record_type::change_cipher_spec && !tls13) take_change_cipher_spec(half);
    return true;
}

bool Session::Work::take_protected(Half& half, const Record& record) {
    if (!half.protection && half.epoch != Epoch::application) {
        if (exchange() == nullptr || !exchange()->has_client()) {
            close_both(unseen());
            return true;
        }
        if (lacks_answer(half)) return await_answer(half);
        if (exchange()->has_server() && !exchange()->openable()) {
            close_both(Closed::unsupported);
            return true;
        }
        if (half.epoch == Epoch::clear && exchange()->has_server() && !exchange()->is_tls13()) {
            half.lost = true;  // there must have been a ChangeCipherSpec
            return false;
        }
    }
    const Trial trial = open(half, record);
    if (!trial.opened) return take_unopened(half, record, trial);
    take_found(half, record, trial);
    return true;
}

bool Session::Work::take_unopened(Half& half, const Record& record, const Trial& trial) {
    if (trial.no_candidates) return need_keys(half, WhyNoKey::no_entry);
    const bool client = half.direction == Direction::to_server;
    const bool may_be_early = client && half.epoch < Epoch::handshake && exchange() != nullptr &&
                              exchange()->early_data();
    if (may_be_early && exchange()->early_data_refused()) {
        half.opened += record.bytes.size();  // the server skips it as well (RFC 8446, 4.2.10)
        return true;
    }
    if (may_be_early || trial.handshake_key_missing) {
        half.no_key += record.bytes.size();
        if (!client) answered_ = true;  // what it says of early data cannot be read
        return true;
    }
    if (!half.protection) return need_keys(half, WhyNoKey::tag_failed);
    report(Problem{"tls.bad_record_mac"});
    half.lost = true;
    return false;
}

/// The record was opened. If it was sought, what was lost before it is told.
void Session::Work::take_found(Half& half, const Record& record, const Trial& trial) {
    half.opened += record.bytes.size();
    half.has_opened = true;
    if (half.lost) {
        half.lost = false;
        half.messages.reset();
        const std::uint64_t lost = lost_inside(half, trial);
        if (lost > 0) tell_missing(half, lost);
    }
    half.lost_bytes = 0;
    take_content(half, trial.opened->type, trial.opened->content);
}

/// How much plaintext was lost at most, of `lost_bytes`.
std::uint64_t Session::Work::lost_inside(const Half& half, const Trial& trial) noexcept {
    const std::uint64_t first = half.epoch == Epoch::legacy ? 1 : 0;  // behind Finished
    const bool within = !trial.new_keys;
    if (trial.records_lost <= (within ? 0 : first) && (within || half.offset == 0)) return 0;
    const std::uint64_t around =
        within ? trial.records_lost * half.protection->overhead_bytes() : 0;
    return half.lost_bytes > around ? half.lost_bytes - around : 1;
}

void Session::Work::take_content(Half& half, std::uint8_t type, Bytes content) {
    if (type == record_type::application_data && !content.empty()) {
        workspace->use(content.size());
        flow::StreamChunk chunk;
        chunk.data = content;
        tell(half, chunk);
        half.offset += content.size();
    } else if (type == record_type::handshake) {
        take_handshake(half, content);
    } else if (type == record_type::change_cipher_spec && half.epoch == Epoch::legacy) {
        take_change_cipher_spec(half);
    }
}

void Session::Work::take_handshake(Half& half, Bytes fragment) {
    if (!half.messages) half.messages = std::make_unique<MessageReader>(*budget);
    for (;;) {
        const bool keep_all = exchange() != nullptr && exchange()->wants_messages();
        Problem problem;
        const auto message =
            half.messages->next(fragment, limits->handshake_message_bytes_max, keep_all, problem);
        report(problem);
        if (!message) break;
        take_message(half, *message);
        if (!half.messages) return;  // closed
    }
    if (!half.messages->amid_message()) half.messages.reset();
}

void Session::Work::take_message(Half& half, const Message& message) {
    const bool client = half.direction == Direction::to_server;
    if (client && message.type == message_type::client_hello)
        return take_client_hello(half, message);
    if (!client && message.type == message_type::server_hello) return take_server_hello(message);
    if (message.type == message_type::key_update) {
        if (half.epoch == Epoch::application) update_key(half);
        return;
    }
    // The handshake's last message, or the last of its early part: the next keys follow.
    if (message.type == message_type::finished && half.epoch == Epoch::handshake) {
        half.protection.reset();
    }
    if (message.type == message_type::end_of_early_data && half.epoch == Epoch::early) {
        half.protection.reset();
    }
    if (exchange() == nullptr) return;
    if (client) {
        exchange()->record_message(message.bytes, limits->handshake_message_bytes_max);
        if (message.type == message_type::client_key_exchange) {
            exchange()->take_client_key_exchange(message.body());
        }
    } else {
        take_server_message(half, message);
    }
}

void Session::Work::take_server_message(const Half& half, const Message& message) {
    exchange()->record_message(message.bytes, limits->handshake_message_bytes_max);
    switch (message.type) {
        case message_type::certificate:
            return take_certificate(message.body());
        case message_type::compressed_certificate:
            return take_certificate(
                decompress_certificate(message.body(), limits->handshake_message_bytes_max));
        case message_type::server_hello_done:
            opening->full_handshake = true;
            return;
        case message_type::new_session_ticket:
            if (!exchange()->is_tls13()) exchange()->take_ticket(message.body(), *secrets);
            return;
        case message_type::encrypted_extensions:
            if (half.epoch == Epoch::handshake) take_encrypted_extensions(message.body());
            return;
        default:
            return;
    }
}

void Session::Work::take_client_hello(Half& half, const Message& message) {
    ClientHello sent;
    const Problem problem = decode(message.body(), sent);
    report(problem);
    if (!opening) opening = std::make_unique<Opening>(*budget);
    if (exchange()->has_client() && !may_change_keys(half)) return;
    exchange()->take(sent);
    if (!secrets->empty() || secrets->more_expected()) {
        exchange()->record_message(message.bytes, limits->handshake_message_bytes_max);
    }
    opening->full_handshake = false;
    answered_ = false;
    if (half.epoch == Epoch::early) {  // after a HelloRetryRequest all begins anew
        half.epoch = Epoch::clear;
        half.protection.reset();
    }
    // Browsers send an ECH extension that means nothing; where a name is, that is no reason.
    opening->hidden_hello = sent.encrypted_client_hello && sent.server_name.empty();
    Handshake& told = opening->handshake;
    if (told.has_client || handshake_told_) return;
    told.has_client = true;
    told.early_data = sent.early_data;
    told.client = summary_of(std::move(sent), problem != Problem{"tls.bad_hello"}, Transport::tcp);
}

void Session::Work::take_server_hello(const Message& message) {
    ServerHello sent;
    report(decode(message.body(), sent));
    if (!opening) opening = std::make_unique<Opening>(*budget);
    if (sent.retry_request) {
        exchange()->refuse_early_data();
        answered_ = true;
        return;
    }
    exchange()->take(sent);
    exchange()->record_message(message.bytes, limits->handshake_message_bytes_max);
    // Whether early data is taken is said in EncryptedExtensions.
    answered_ = !(exchange()->is_tls13() && exchange()->early_data());
    Handshake& told = opening->handshake;
    if (told.has_server || handshake_told_) return;
    told.has_server = true;
    told.version = sent.version;
    told.cipher_suite = sent.cipher_suite;
    told.ja3s = ja3s(sent);
    told.resumed = exchange()->is_tls13() && sent.pre_shared_key;
    told.protocol = std::move(sent.protocol);
}

void Session::Work::take_encrypted_extensions(Bytes body) {
    EncryptedExtensions sent;
    report(decode(body, sent));
    if (!sent.early_data) exchange()->refuse_early_data();
    answered_ = true;
    if (!sent.protocol.empty()) opening->handshake.protocol = std::move(sent.protocol);
}

void Session::Work::take_certificate(Bytes body) {
    const Bytes der = first_certificate(body, exchange()->is_tls13());
    if (der.empty()) return;
    Certificate certificate;
    report(decode(der, certificate));
    exchange()->take_public_key(certificate.public_key, *secrets);
    Handshake& told = opening->handshake;
    if (told.has_certificate || handshake_told_) return;
    told.has_certificate = true;
    told.certificate_subject = std::move(certificate.subject);
    told.certificate_names = std::move(certificate.names);
    told.certificate_issuer = std::move(certificate.issuer);
}

/// TLS 1.2 and before: what follows in this direction is under the keys just settled.
void Session::Work::take_change_cipher_spec(Half& half) {
    if (!may_change_keys(half)) return;
    if (half.direction == Direction::to_client && opening && !opening->full_handshake &&
        half.epoch == Epoch::clear && half.gap == 0) {
        opening->handshake.resumed = true;
    }
    half.epoch = Epoch::legacy;
    half.protection.reset();
}

void Session::Work::update_key(Half& half) {
    if (!may_change_keys(half)) return;
    const auto next = next_traffic_secret(suite.hash, half.secret);
    const auto keys = next ? traffic_keys(suite, *next) : std::nullopt;
    auto protection = keys ? Protection::make(tls_1_3, suite, false, *keys) : std::nullopt;
    if (!protection) return close(half, Closed::budget);
    half.secret = *next;
    half.protection = std::move(protection);
    half.sequence = 0;
}

/// Changing keys costs more than the few bytes that ask for it.
bool Session::Work::may_change_keys(Half& half) {
    if (++half.key_changes <= limits->key_changes_max) return true;
    report(Problem{"tls.too_many_key_changes"});
    close(half, Closed::budget);
    return false;
}

}  // namespace umbratap::tls
