// Handshake messages of a server, out of pieces; whole and cut must give the same. Its hello and
// certificate are read, and names stay printable.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "tls/certificate.h"
#include "tls/handshake.h"
#include "tls/server_hello.h"

namespace {

using namespace umbratap;

void check_name(const std::string& name) {
    for (const char c : name) {
        if (c < ' ' || c > '~') std::abort();
    }
}

std::string read_message(const tls::Message& message) {
    std::string seen = std::to_string(message.type) + ":";
    if (message.type == tls::message_type::server_hello) {
        tls::ServerHello hello;
        seen += tls::decode(message.body(), hello).name();
        seen += std::to_string(hello.version) + "," + std::to_string(hello.cipher_suite);
        check_name(hello.protocol);
    } else if (message.type == tls::message_type::encrypted_extensions) {
        tls::EncryptedExtensions extensions;
        seen += tls::decode(message.body(), extensions).name();
        check_name(extensions.protocol);
    } else if (message.type == tls::message_type::certificate ||
               message.type == tls::message_type::compressed_certificate) {
        const bool compressed = message.type == tls::message_type::compressed_certificate;
        const auto inflated = compressed ? tls::decompress_certificate(message.body(), 4096)
                                         : std::vector<std::uint8_t>();
        for (const bool tls13 : {false, true}) {
            const Bytes body = compressed ? Bytes(inflated) : message.body();
            tls::Certificate certificate;
            seen += tls::decode(tls::first_certificate(body, tls13), certificate).name();
            seen += certificate.subject + certificate.issuer;
            check_name(certificate.subject);
            check_name(certificate.issuer);
            if (certificate.names.size() > tls::Certificate::names_max) std::abort();
            for (const std::string& name : certificate.names) check_name(name);
        }
    }
    return seen + "\n";
}

std::string read(Bytes in, std::size_t piece_bytes, bool keep_all) {
    Budget budget(1 << 20);
    tls::MessageReader reader(budget);
    std::string seen;
    Problem problem;
    while (!in.empty()) {
        Bytes piece = in.first(std::min(piece_bytes, in.size()));
        in = in.subspan(piece.size());
        while (const auto message = reader.next(piece, 8192, keep_all, problem)) {
            seen += read_message(*message);
        }
    }
    return seen + std::string(problem.name());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const Bytes in(data + 1, size - 1);
    const bool keep_all = (data[0] & 0x80) != 0;
    if (read(in, 1 + data[0] % 16, keep_all) != read(in, in.size() + 1, keep_all)) std::abort();
    return 0;
}
