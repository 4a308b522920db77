// One request after the other to one HTTP server.
#include "report/sinks/http_post.h"

#include <curl/curl.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/gzip.h"

namespace umbratap::report {

namespace {

constexpr std::size_t token_bytes_max = 64 << 10;

void initialise_once() {
    static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
    static_cast<void>(done);
}

/// What a transfer needs to know while it runs.
struct Transfer {
    HttpAnswer answer;
    std::size_t answer_bytes_max = 0;
    const Patience* patience = nullptr;
};

std::size_t take_body(char* bytes, std::size_t, std::size_t size, void* context) {
    auto& transfer = *static_cast<Transfer*>(context);
    if (transfer.answer.body.size() + size > transfer.answer_bytes_max) {
        transfer.answer.trouble = "the answer is longer than any that makes sense";
        return 0;
    }
    transfer.answer.body.append(bytes, size);
    return size;
}

int go_on(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Transfer*>(context)->patience->over() ? 1 : 0;
}

std::string base64(std::string_view bytes) {
    constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t three = 0;
        for (std::size_t j = i; j < i + 3; ++j)
            three = three << 8 | (j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0U);
        for (std::size_t j = 0; j < 4; ++j)
            out += i + j <= bytes.size() ? letters[three >> (18 - 6 * j) & 63] : '=';
    }
    return out;
}

}  // namespace

struct HttpPost::State {
    CURL* curl = nullptr;
    char trouble[CURL_ERROR_SIZE] = {};
};

HttpPost::HttpPost(const Output& output, HttpLimits limits)
    : state_(std::make_unique<State>()), limits_(limits) {
    initialise_once();
    CURL* const curl = state_->curl = curl_easy_init();
    if (curl == nullptr) throw SinkError("output " + output.to + ": libcurl does not start");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, state_->trouble);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "umbratap/" UMBRATAP_VERSION);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT,
                     static_cast<long>(limits.connect_wait_max.count()));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, static_cast<long>(limits.answer_wait_max.count()));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, go_on);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    const auto text = [&](CURLoption option, const std::string& value) {
        if (!value.empty()) curl_easy_setopt(curl, option, value.c_str());
    };
    text(CURLOPT_CAINFO, output.tls.ca);
    text(CURLOPT_SSLCERT, output.tls.certificate);
    text(CURLOPT_SSLKEY, output.tls.key.empty() ? output.tls.certificate : output.tls.key);
}

HttpPost::~HttpPost() {
    curl_easy_cleanup(state_->curl);
}

HttpAnswer HttpPost::post(const std::string& url, std::string_view body,
                          const std::vector<std::string>& headers, const Patience& patience) {
    CURL* const curl = state_->curl;
    const std::string packed = gzip(body);
    curl_slist* list = nullptr;
    const auto add = [&](const char* header) { list = curl_slist_append(list, header); };
    add("Content-Encoding: gzip");
    add("Expect:");
    for (const std::string& header : headers) add(header.c_str());
    Transfer transfer{{}, limits_.answer_bytes_max, &patience};
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, packed.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(packed.size()));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
    state_->trouble[0] = '\0';
    const CURLcode code = curl_easy_perform(curl);
    curl_slist_free_all(list);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &transfer.answer.status);
    if (code != CURLE_OK && transfer.answer.trouble.empty())
        transfer.answer.trouble =
            state_->trouble[0] != '\0' ? state_->trouble : curl_easy_strerror(code);
    return std::move(transfer.answer);
}

std::string read_token(const Output& output) {
    const auto refuse = [&](const std::string& what) {
        throw SinkError("output " + output.to + ": " + what);
    };
    std::string token;
    if (!output.token_file.empty()) {
        std::ifstream in(output.token_file, std::ios::binary);
        if (!in) refuse("the token file " + output.token_file + " cannot be read");
        token.resize(token_bytes_max);
        in.read(token.data(), static_cast<std::streamsize>(token.size()));
        token.resize(static_cast<std::size_t>(in.gcount()));
    } else if (!output.token_environment.empty()) {
        const char* value = std::getenv(output.token_environment.c_str());
        if (value == nullptr) refuse("$" + output.token_environment + " is not set");
        token = value;
    }
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
    if (token.find_first_of("\r\n") != std::string::npos) refuse("the token is not one line");
    return token;
}

std::string authorization(const std::string& token, std::string_view scheme) {
    std::string header = "Authorization: ";
    if (token.find(' ') != std::string::npos) return header + token;
    if (token.find(':') != std::string::npos) return header + "Basic " + base64(token);
    return header + std::string(scheme) + ' ' + token;
}

}  // namespace umbratap::report
