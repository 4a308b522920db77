// What a handshake settled that keys depend on.
#include "tls/exchange.h"

#include <algorithm>

#include "tls/handshake.h"
#include "tls/rest.h"

namespace umbratap::tls {

namespace {

constexpr std::uint16_t tls13_suites = 0x1301;

void copy_random(Bytes from, Random& to) noexcept {
    if (from.size() == to.size()) std::copy(from.begin(), from.end(), to.begin());
}

SecretId digest_id(Bytes bytes) noexcept {
    std::array<std::uint8_t, hash_bytes_max> out;
    if (bytes.empty() || !digest(Hash::sha256, {bytes}, out.data())) return {};
    return SecretId::of(Bytes(out.data(), 32));
}

}  // namespace

void Exchange::take(const ClientHello& hello) noexcept {
    transcript_.clear();
    transcript_ended_ = false;
    session_hash_bytes_ = 0;
    server_session_ = new_ticket_ = premaster_id_ = SecretId();
    premaster_ = proved_ = Secret();
    private_key_ = nullptr;
    version_ = 0;
    openable_ = early_data_refused_ = false;

    has_client_ = hello.random.size() == client_random_.size();
    copy_random(hello.random, client_random_);
    client_session_ = SecretId::of(hello.session_id);
    ticket_ = digest_id(hello.ticket);
    early_data_ = hello.early_data;
    offered_tls13_ = 0;
    if (highest_version(hello) < tls_1_3) return;
    for (const std::uint16_t suite : hello.cipher_suites) {
        if (suite >= tls13_suites && suite < tls13_suites + 5) {
            offered_tls13_ |= static_cast<std::uint8_t>(1U << (suite - tls13_suites));
        }
    }
}

void Exchange::take(const ServerHello& hello) noexcept {
    copy_random(hello.random, server_random_);
    server_session_ = SecretId::of(hello.session_id);
    version_ = hello.version;
    suite_ = find_suite(hello.cipher_suite);
    encrypt_then_mac_ = hello.encrypt_then_mac;
    extended_master_ = hello.extended_master_secret;
    openable_ = version_ >= tls_1_0 && version_ <= tls_1_3 && suite_.openable &&
                suite_.tls13 == is_tls13() && !hello.truncated_hmac && !hello.compressed;
    // AEAD came with TLS 1.2.
    if (version_ < tls_1_2 && suite_.mode == Mode::aead) openable_ = false;
}

void Exchange::settle(const Suite& suite) noexcept {
    version_ = tls_1_3;
    suite_ = suite;
    openable_ = true;
}

void Exchange::take_public_key(Bytes key, const Secrets& secrets) noexcept {
    if (suite_.rsa_exchange && !is_tls13()) private_key_ = secrets.find_private_key(key);
}

void Exchange::take_client_key_exchange(Bytes body) noexcept {
    transcript_ended_ = true;
    if (extended_master_ && suite_.rsa_exchange) {
        const Bytes messages = transcript_.bytes();
        const bool old = version_ < tls_1_2;  // RFC 7627, 3: both hashes, as in Finished
        const std::size_t first = old ? hash_bytes(Hash::md5) : 0;
        const Hash hash = old ? Hash::sha1 : suite_.hash;
        const bool done = (!old || digest(Hash::md5, {messages}, session_hash_.data())) &&
                          digest(hash, {messages}, session_hash_.data() + first);
        if (done) session_hash_bytes_ = static_cast<std::uint8_t>(first + hash_bytes(hash));
    }
    transcript_.clear();
    if (!suite_.rsa_exchange) return;
    Rest rest(body);
    const auto encrypted = rest.take_vector(2);  // TLS 1.0 and later (RFC 5246, 7.4.7.1)
    if (!encrypted || encrypted->size() < 8) return;
    premaster_id_ = SecretId::of(encrypted->first(8));
    if (private_key_ == nullptr) return;
    if (const auto decrypted = private_key_->decrypt(*encrypted)) premaster_ = *decrypted;
}

bool Exchange::wants_messages() const noexcept {
    if (transcript_ended_ || !has_client_) return false;
    return !has_server() || (!is_tls13() && suite_.rsa_exchange && extended_master_);
}

void Exchange::record_message(Bytes message, std::size_t bytes_max) noexcept {
    const bool is_hello_request = !message.empty() && message[0] == message_type::hello_request;
    if (!wants_messages() || is_hello_request) return;
    // A message that was too long to be kept, or one too many: the hash cannot be right any more.
    if (message.empty() || !transcript_.append(message, bytes_max)) {
        transcript_.clear();
        transcript_ended_ = true;
    }
}

Exchange::Suites Exchange::suites_for(const Secret& traffic_secret) const noexcept {
    Suites suites;
    const auto consider = [&](std::uint16_t number) {
        const Suite suite = find_suite(number);
        if (suite.openable && hash_bytes(suite.hash) == traffic_secret.size()) {
            suites.numbers[suites.count++] = number;
        }
    };
    if (has_server()) {
        if (suite_.tls13) consider(suite_.number);
        return suites;
    }
    for (std::uint16_t i = 0; i < 5; ++i) {
        if (offered_tls13_ >> i & 1) consider(static_cast<std::uint16_t>(tls13_suites + i));
    }
    return suites;
}

void Exchange::add_found(Label label, const SecretId& id, const Secrets& secrets,
                         std::vector<Secret>& out) const {
    if (id.size == 0) return;
    for (const Secret* secret : secrets.find(label, id)) {
        if (label != Label::premaster) {
            out.push_back(*secret);
        } else if (const auto master = master_of(secret->bytes())) {
            out.push_back(*master);
        }
    }
}

std::optional<Secret> Exchange::master_of(Bytes premaster) const noexcept {
    if (extended_master_ && session_hash_bytes_ == 0) return std::nullopt;
    return master_secret({.version = version_,
                          .hash = suite_.hash,
                          .client_random = client_random_,
                          .server_random = server_random_,
                          .session_hash = Bytes(session_hash_.data(), session_hash_bytes_)},
                         premaster);
}

std::vector<Secret> Exchange::masters(const Secrets& secrets) const {
    std::vector<Secret> found;
    if (!has_client_ || !has_server()) return found;
    if (!proved_.empty()) {
        found.push_back(proved_);
        return found;
    }
    add_found(Label::client_random, id(), secrets, found);
    if (client_session_ == server_session_) {
        add_found(Label::resumable_master, server_session_, secrets, found);
    }
    add_found(Label::resumable_master, ticket_, secrets, found);
    add_found(Label::premaster, premaster_id_, secrets, found);
    if (!premaster_.empty()) {
        if (const auto master = master_of(premaster_.bytes())) found.push_back(*master);
    }
    return found;
}

void Exchange::prove(const Secret& master, Secrets& secrets) {
    if (!proved_.empty()) return;
    proved_ = master;
    if (server_session_.size > 0) secrets.add(Label::resumable_master, server_session_, master);
    if (new_ticket_.size > 0) secrets.add(Label::resumable_master, new_ticket_, master);
}

void Exchange::take_ticket(Bytes body, Secrets& secrets) {
    Rest rest(body);
    if (!rest.take(4)) return;  // lifetime
    const auto ticket = rest.take_vector(2);
    if (!ticket) return;
    new_ticket_ = digest_id(*ticket);
    if (!proved_.empty() && new_ticket_.size > 0) {
        secrets.add(Label::resumable_master, new_ticket_, proved_);
    }
}

}  // namespace umbratap::tls
