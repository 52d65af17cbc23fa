"""The messages of RFC 4475, as bytes: each is written out with its odd parts in sight.

{H} stands for the sender's host and port, {T} for the transport of its Via, {N} for something that no other
message has. Hosts that the RFC takes from 192.0.2.0/24 to receive answers at are {H}, so that answers arrive.
"""
from dataclasses import dataclass, field

SILENCE = None
CLOSED = "closed"
WAITS = "waits"

SDP = (b"v=0\r\no=mhandley 29739 7272939 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\n"
       b"m=audio 49217 RTP/AVP 0 12\r\nm=video 3227 RTP/AVP 31\r\na=rtpmap:31 LPC\r\n")


@dataclass
class Case:
    name: str          # that of the RFC
    section: str
    data: bytes
    answers: tuple     # statuses that a service may answer by UDP; (SILENCE,) for none
    stream: tuple = field(default=())  # the same by TCP and TLS, where it differs


CASES = []


def case(name, section, text, answers, stream=None):
    """`text`: str with \\n for line ends, or bytes as they are. `answers`: one status or several."""
    data = text if isinstance(text, bytes) else text.replace("\n", "\r\n").encode()
    as_tuple = lambda value: value if isinstance(value, tuple) else (value,)
    CASES.append(Case(name, section, data, as_tuple(answers), as_tuple(answers if stream is None else stream)))


def request(start, headers, body=""):
    """A request with the usual header fields, of which `headers` replaces or (None) drops some, in order."""
    usual = {"Via": "SIP/2.0/{T} {H};rport;branch=z9hG4bK{N}", "Max-Forwards": "70",
             "From": "<sip:caller@example.net>;tag=242etr{N}", "To": "<sip:user@example.com>",
             "Call-ID": "torture.{N}@example.net", "CSeq": "1 " + start.split(" ", 1)[0],
             "Contact": "<sip:caller@{H}>"}
    usual.update(headers)
    lines = [f"{name}: {value}" for name, value in usual.items() if value is not None]
    if "Content-Length" not in usual:
        lines.append("Content-Length: %d" % (len(body) + body.count("\n")))
    return start + "\n" + "\n".join(lines) + "\n\n" + body


INVITE = "INVITE sip:user@example.com SIP/2.0"
OPTIONS = "OPTIONS sip:user@example.com SIP/2.0"
REGISTER = "REGISTER sip:example.com SIP/2.0"
WITH_SDP = {"Content-Type": "application/sdp"}
NO_PROJECT = 404  # a service of projects knows no other user

# 3.1.1: valid, however they look -------------------------------------------------------------------------------

case("wsinv", "3.1.1.1", (
    b"INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n"
    b"TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n{N}\r\n"
    b'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n'
    b"MaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.{N}@192.0.2.1\r\nContent-Length   : %d\r\ncseq: 0009\r\n  INVITE\r\n"
    b"Via  : SIP  /   2.0\r\n /{T}\r\n    {H};rport;branch=390skdjuw{N}\r\ns :\r\n"
    b"NewFangledHeader:   newfangled value\r\n continued newfangled value\r\n"
    b"UnknownHeaderWithUnusualValue: ;;,,;;,;\r\nContent-Type: application/sdp\r\n"
    b"Route:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\n"
    b'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33\r\n'
    b"\r\n" % len(SDP)) + SDP, (481, NO_PROJECT, 400))
case("intmeth", "3.1.1.2", (
    b"!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    b":&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0\r\n"
    b"Via: SIP/2.0/{T} {H};rport;branch=z9hG4bK-.!%66*_+`'~{N}\r\n"
    b"To: \"BEL:\x07 NUL:\\\x00 DEL:\\\x7f\" <sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>\r\n"
    b"From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"\xd1\x80\xd0\xb0\";tag=_token~1'+`*%!-.\r\n"
    b"Call-ID: intmeth.{N}%ZK-!.*_+'@word`~)(><:\\/\"][?}{\r\n"
    b"CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~\r\nMax-Forwards: 255\r\n"
    b"extensionHeader-!.%*+_`'~:\xef\xbb\xbf\xe5\xa4\xa7\xe5\x81\x9c\xe9\x9b\xbb\r\nContent-Length: 0\r\n\r\n"), (501, 400, 405))
case("esc01", "3.1.1.3", request("INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0", {
    "To": "sip:%75se%72@example.com", "From": "<sip:I%20have%20spaces@example.net>;tag=938",
    "Contact": "<sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>", **WITH_SDP},
    SDP.decode().replace("\r\n", "\n")), (NO_PROJECT, 488, 400))
case("escnull", "3.1.1.4", request(REGISTER, {"To": "sip:null-%00-null@example.com", "From": "sip:null-%00-null@example.com;tag=839923423",
                                              "Contact": "<sip:%00@host5.example.com>"}), (405, 501))
case("esc02", "3.1.1.5", request("RE%47IST%45R sip:registrar.example.com SIP/2.0", {
    "To": '"%Z%45" <sip:resource@example.com>', "From": '"%Z%45" <sip:resource@example.com>;tag=f232jadfj23',
    "CSeq": "29344 RE%47IST%45R", "Contact": "<sip:alias1@host1.example.com>"}), (501, 405))
case("lwsdisp", "3.1.1.6", request(OPTIONS, {"From": "caller<sip:caller@example.com>;tag=323"}), 200)
case("longreq", "3.1.1.7", request("INVITE sip:user@example.com SIP/2.0", {
    "To": '"I have a user name of %s proportion" <sip:user@example.com:6000;unknownparam1=very%sparam>' % ("extreme" * 30, "long" * 60),
    "From": "sip:%s@example.net;tag=12982%s424;unknownheaderparamname%s=%s" % (
        "amazinglylongcallername" * 5, "982424" * 50, "long" * 60, "value" * 60),
    "Via": "SIP/2.0/{T} {H};rport;branch=z9hG4bK{N}" + ", SIP/2.0/TCP sip33.example.com;branch=z9hG4bK" + "long" * 70,
    "Unknown-%sName" % ("Long" * 20): "unknown-%s-value" % ("long" * 60),
    "Contact": "<sip:%s@host5.example.net>" % ("amazinglylongcallername" * 5), **WITH_SDP},
    SDP.decode().replace("\r\n", "\n")), (NO_PROJECT, 400))
case("dblreq", "3.1.1.8", request(REGISTER, {}) + request("INVITE sip:joe@example.com SIP/2.0", {
    "Call-ID": "torture.second.{N}@example.net", "Via": "SIP/2.0/{T} {H};rport;branch=z9hG4bKsecond{N}"}), (405, 501))
case("semiuri", "3.1.1.9", request("OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0", {"Accept": "application/sdp"}), 200)
case("transports", "3.1.1.10", request(OPTIONS, {
    "Via": "SIP/2.0/{T} {H};rport;branch=z9hG4bK{N}\nVia: SIP/2.0/SCTP t1.example.com;branch=z9hG4bKkdjuw"
           "\nVia: SIP/2.0/TLS t2.example.com;branch=z9hG4bKklasjdhf\nVia: SIP/2.0/UNKNOWN t3.example.com;branch=z9hG4bK2980unddj"
           "\nVia: SIP/2.0/TCP t4.example.com;branch=z9hG4bKasd0f3en"}), (200, 400))
case("mpart01", "3.1.1.11", request("MESSAGE sip:kumiko@example.org SIP/2.0", {
    "Content-Type": "multipart/mixed;boundary=7a9cbec02ceef655"},
    "--7a9cbec02ceef655\nContent-Type: text/plain\n\nHello\n--7a9cbec02ceef655\nContent-Type: application/octet-stream\n"
    "Content-Transfer-Encoding: binary\n\n\x00\x01\x7f\n--7a9cbec02ceef655--\n"), (405, 501, 400))
case("unreason", "3.1.1.12", (
    b"SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe \xd1\x81\xd1\x82\xd0\xbe\r\nVia: SIP/2.0/{T} {H};branch=z9hG4bK1324923{N}\r\n"
    b"Call-ID: unreason.{N}@host.example.com\r\nCSeq: 35 INVITE\r\nFrom: sip:user@example.com;tag=11141343\r\n"
    b"To: sip:user@example.edu;tag=2229\r\nContent-Length: 0\r\nContact: <sip:user@host198.example.com>\r\n\r\n"), SILENCE)
case("noreason", "3.1.1.13", (
    b"SIP/2.0 100 \r\nVia: SIP/2.0/{T} {H};branch=z9hG4bK2398ndaoe{N}\r\nCall-ID: noreason.{N}@host.example.com\r\n"
    b"CSeq: 35 INVITE\r\nFrom: <sip:user@example.com>;tag=39ansfi3\r\nTo: <sip:user@example.edu>;tag=902jndnke3\r\n"
    b"Content-Length: 0\r\nContact: <sip:user@host105.example.com>\r\n\r\n"), SILENCE)

# 3.1.2: invalid ------------------------------------------------------------------------------------------------

case("badinv01", "3.1.2.1", request(INVITE, {"Via": "SIP/2.0/{T} {H};rport;branch=z9hG4bK{N};;,;,,",
                                             "Contact": '"Joe" <sip:joe@example.org>;;;;', **WITH_SDP}), (400, NO_PROJECT))
case("clerr", "3.1.2.2", request(INVITE, {**WITH_SDP, "Content-Length": "9999"}, SDP.decode().replace("\r\n", "\n")), 400, WAITS)
case("ncl", "3.1.2.3", request(INVITE, {**WITH_SDP, "Content-Length": "-999"}, SDP.decode().replace("\r\n", "\n")), 400)
case("scalar02", "3.1.2.4", request(REGISTER, {"CSeq": "36893488147419103232 REGISTER", "Max-Forwards": "300",
                                               "Expires": "1000000000000000000", "Contact": "<sip:user@host129.example.com>;expires=280297596632815"}), 400)
case("scalarlg", "3.1.2.5", (
    b"SIP/2.0 503 Service Unavailable\r\nVia: SIP/2.0/{T} {H};branch=z9hG4bKzzxdiwo34sw{N};received=192.0.2.129\r\n"
    b"To: <sip:user@example.com>\r\nFrom: <sip:other@example.net>;tag=2easdjfejw\r\nCSeq: 9292394834772304023312 OPTIONS\r\n"
    b"Call-ID: scalarlg.{N}@example.net\r\nRetry-After: 949302838503028349304023988\r\nWarning: 1812 overture \"In Progress\"\r\n"
    b"Content-Length: 0\r\n\r\n"), SILENCE)
case("quotbal", "3.1.2.6", request(INVITE, {"To": '"Mr. J. User <sip:j.user@example.com>', **WITH_SDP}), 400)
case("ltgtruri", "3.1.2.7", request("INVITE <sip:user@example.com> SIP/2.0", WITH_SDP), 400)
case("lwsruri", "3.1.2.8", request("INVITE sip:user@example.com; lr SIP/2.0", {"CSeq": "1 INVITE", **WITH_SDP}), 400)
case("lwsstart", "3.1.2.9", request("INVITE  sip:user@example.com  SIP/2.0", {"CSeq": "1 INVITE", **WITH_SDP}), 400)
case("trws", "3.1.2.10", request("OPTIONS sip:remote-target@example.com SIP/2.0  ", {"CSeq": "1 OPTIONS"}), 400)
case("escruri", "3.1.2.11", request("INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0", WITH_SDP), 400)
case("baddate", "3.1.2.12", request(INVITE, {"Date": "Fri, 01 Jan 2010 16:00:00 EST", **WITH_SDP}), (NO_PROJECT, 400))
case("regbadct", "3.1.2.13", request(REGISTER, {"Contact": "sip:user@example.com?Route=%3Csip:sip.example.com%3E"}), (400, 405, 501))
case("badaspec", "3.1.2.14", request(OPTIONS, {"To": '"Watson, Thomas" < sip:t.watson@example.org >'}), (400, 200))
case("baddn", "3.1.2.15", request(OPTIONS, {"From": "Bell, Alexander <sip:a.g.bell@example.com>;tag=43"}), (400, 200))
case("badvers", "3.1.2.16", request("OPTIONS sip:t.watson@example.org SIP/7.0", {}).replace("Via: SIP/2.0", "Via: SIP/7.0"), 505)
case("mismatch01", "3.1.2.17", request(OPTIONS, {"CSeq": "8 INVITE"}), 400)
case("mismatch02", "3.1.2.18", request("NEWMETHOD sip:user@example.com SIP/2.0", {"CSeq": "8 INVITE", **WITH_SDP}), (400, 501))
case("bigcode", "3.1.2.19", (
    b"SIP/2.0 4294967301 better not break the receiver\r\nVia: SIP/2.0/{T} {H};branch=z9hG4bK2398ndaoe{N}\r\n"
    b"Call-ID: bigcode.{N}@host.example.com\r\nCSeq: 353494 INVITE\r\nFrom: <sip:user@example.com>;tag=39ansfi3\r\n"
    b"To: <sip:user@example.edu>;tag=902jndnke3\r\nContent-Length: 0\r\nContact: <sip:user@host105.example.com>\r\n\r\n"), SILENCE)

# 3.2 and 3.3: transaction and application layer ----------------------------------------------------------------

case("badbranch", "3.2.1", request(OPTIONS, {"Via": "SIP/2.0/{T} {H};rport;branch=z9hG4bK"}), (200, 400))
case("insuf", "3.3.1", request(INVITE, {"Call-ID": None, "From": None, "To": None, **WITH_SDP}), 400)
case("unkscm", "3.3.2", request("OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0", {}), 416)
case("novelsc", "3.3.3", request("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0", {}), 416)
case("unksm2", "3.3.4", request(REGISTER, {"To": "isbn:2983792873", "From": "<http://www.example.com>;tag=3234233",
                                           "Contact": "<name:John_Smith>"}), (400, 405, 501))
case("bext01", "3.3.5", request(OPTIONS, {"Proxy-Require": "noProxiesSupportThis, norDoAnyProxiesSupportThis",
                                          "Require": "nothingSupportsThis, nothingSupportsThisEither"}), 420)
case("invut", "3.3.6", request(INVITE, {"Content-Type": "application/unknownformat"}, "<audio>\n <pcmu port=\"443\"/>\n</audio>\n"), 415)
case("regaut01", "3.3.7", request(REGISTER, {"Authorization": "NoOneKnowsThisScheme opaque-data=here"}), (405, 501))
case("multi01", "3.3.8", request(INVITE, {"CSeq": "5 INVITE\nCSeq: 59 INVITE", "Call-ID": "torture.{N}@example.net\nCall-ID: other.{N}@example.net",
                                          "From": "sip:caller@example.net;tag=3413415\nFrom: sip:caller@example.net;tag=2923420123",
                                          "Max-Forwards": "70\nMax-Forwards: 5", **WITH_SDP}), 400)
case("mcl01", "3.3.9", request(OPTIONS, {"Content-Length": "13\nContent-Length: 5"}, "There's no way to know how many octets are here."), 400)
case("bcast", "3.3.10", (
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/{T} 255.255.255.255;branch=z9hG4bK1saber23{N}\r\nCall-ID: bcast.{N}\r\nCSeq: 35 INVITE\r\n"
    b"From: sip:user@example.com;tag=11141343\r\nTo: sip:user@example.edu;tag=2229\r\nContent-Length: 0\r\n"
    b"Contact: <sip:user@host28.example.com>\r\n\r\n"), SILENCE)
case("zeromf", "3.3.11", request(OPTIONS, {"Max-Forwards": "0"}), (200, 483))
case("cparam01", "3.3.12", request(REGISTER, {"Contact": "sip:+19725552222@gw1.example.net;unknownparam"}), (405, 501))
case("cparam02", "3.3.13", request(REGISTER, {"Contact": "<sip:+19725552222@gw1.example.net;unknownparam>"}), (405, 501))
case("regescrt", "3.3.14", request(REGISTER, {"Contact": "<sip:user@example.com?Route=%3Csip:sip.example.com%3E>"}), (405, 501))
case("sdp01", "3.3.15", request(INVITE, {"Accept": "text/nobodyKnowsThis", **WITH_SDP}, SDP.decode().replace("\r\n", "\n")), 406)

# 3.4: callers of RFC 2543 --------------------------------------------------------------------------------------

case("inv2543", "3.4.1", request(INVITE, {"Via": "SIP/2.0/{T} {H}", "Max-Forwards": None, "From": "<sip:+13035551111@ift.example.net;user=phone>",
                                          "Record-Route": "<sip:UserB@example.com;maddr=ss1.example.com>", **WITH_SDP}), (400, NO_PROJECT))

# What no RFC thought of ----------------------------------------------------------------------------------------

PROJECT = "INVITE sip:proj_sim@127.0.0.1 SIP/2.0"
case("no CSeq number", "-", request(OPTIONS, {"CSeq": "OPTIONS"}), 400)
case("no header ends", "-", b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/{T} {H};branch=z9hG4bK{N}\r\nTo: x", 400, WAITS)
case("no colon", "-", request(OPTIONS, {"Max-Forwards": "70\nThis line has none"}), (200, 400))
case("no Via", "-", request(OPTIONS, {"Via": None}), SILENCE, CLOSED)
case("only NULs", "-", b"\x00" * 64, SILENCE, CLOSED)
case("all bytes", "-", bytes(range(256)) * 4, SILENCE, CLOSED)
case("a long line", "-", b"OPTIONS sip:" + b"a" * 40_000 + b"@b SIP/2.0\r\n\r\n", SILENCE, CLOSED)
case("5,000 headers", "-", request(OPTIONS, {"X-A": "\n".join(["1"] + ["X-A: 1"] * 4_999)}), (200, 400), 200)  # longer than a datagram that libre takes
case("ACK to nothing", "-", request("ACK sip:user@example.com SIP/2.0", {"CSeq": "1 ACK"}), SILENCE)
case("malformed ACK", "-", request("ACK sip:user@example.com SIP/2.0", {"CSeq": "1 ACK", "Call-ID": None}), SILENCE)
case("BYE to nothing", "-", request("BYE sip:user@example.com SIP/2.0", {"To": "<sip:user@example.com>;tag=1"}), 481)
case("CANCEL of nothing", "-", request("CANCEL sip:user@example.com SIP/2.0", {}), 481)
case("INVITE in no dialog", "-", request(INVITE, {"To": "<sip:user@example.com>;tag=1"}), 481)
case("UPDATE in no dialog", "-", request("UPDATE sip:user@example.com SIP/2.0", {"To": "<sip:user@example.com>;tag=1"}), 481)
case("encoded body", "-", request(PROJECT, {"Content-Encoding": "gzip", **WITH_SDP}, "v=0\n"), 415)
case("two transports in Contact", "-", request(PROJECT, {"Contact": "<sip:a@{H};transport=udp;transport=tcp>", **WITH_SDP}), (488, 400, 403))
case("no Contact", "-", request(PROJECT, {"Contact": None, **WITH_SDP}), 400)

# SDP in an INVITE to the project -------------------------------------------------------------------------------

GOOD = "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\n"
for sdp_name, sdp, statuses in (
        ("empty", "", 488), ("no version", GOOD[4:], 400), ("another version", "v=1" + GOOD[3:], 400),
        ("no media", GOOD[:GOOD.index("m=")], 488), ("port too high", GOOD.replace("audio 9", "audio 65536"), 400),
        ("port that is none", GOOD.replace("audio 9", "audio x"), 400), ("port 0", GOOD.replace("audio 9", "audio 0"), 488),
        ("no address", GOOD.replace("c=IN IP4 127.0.0.1\n", ""), 400), ("address that is none", GOOD.replace("c=IN IP4 127.0.0.1", "c=IN IP4 999.1.1.1"), 400),
        ("only video", GOOD.replace("audio", "video"), 488), ("unknown codec", GOOD.replace("AVP 0", "AVP 99"), 488),
        ("rate of 0", GOOD.replace("AVP 0", "AVP 99") + "a=rtpmap:99 PCMU/0\n", 488),
        ("rate of 10^30", GOOD.replace("AVP 0", "AVP 99") + "a=rtpmap:99 PCMU/1" + "0" * 30 + "\n", 488),
        ("payload type 128", GOOD.replace("AVP 0", "AVP 128 -1 999999999999"), 488),
        ("SRTP without a key", GOOD.replace("RTP/AVP", "RTP/SAVP"), 488),
        ("SRTP with a short key", GOOD.replace("RTP/AVP", "RTP/SAVP") + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA\n", 488),
        ("DTLS", GOOD.replace("RTP/AVP", "UDP/TLS/RTP/SAVP") + "a=fingerprint:sha-256 00:11\na=setup:actpass\n", 488),
        ("40 streams", GOOD + "m=video 9 RTP/AVP 31\n" * 40, 400), ("1,000 formats", GOOD.replace("AVP 0", "AVP " + "97 " * 1_000), 488),
        ("binary", "v=0\n" + "".join(map(chr, range(1, 128))) * 20, (400, 488))):
    case("SDP: " + sdp_name, "-", request(PROJECT, WITH_SDP if sdp else {}, sdp), statuses)
