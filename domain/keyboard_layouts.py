"""The characters that other keyboards type where a US keyboard types the letters and digits of a ticket code.

A hand scanner acts as a keyboard: it sends keys, and the computer turns them into characters by its own layout. A
scanner set to US English on a German computer types Z for Y; on a French one, A for Q and ``é`` for 2.

The table was made from Debian's xkb-data 2.35.1-1 (the layouts of X.Org, February 2022), with libxkbcommon 1.5.0, in
November 2026. ``python -m tests.support.xkb`` prints it from the installed layouts, and
tests/domain/test_keyboard_layouts.py compares the two.
"""

from __future__ import annotations

from typing import Final

#: The keys of a code, named by what a US keyboard has on them.
CODE_KEYS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
LETTER_KEYS: Final = CODE_KEYS[:26]
#: Marks a key that types no character alone, such as a dead accent.
NOTHING: Final = "\ufffd"
SOURCE: Final = "xkb-data 2.35.1"

#: Each row: the X11 names of layouts that type alike, the commonest first; what CODE_KEYS type; what LETTER_KEYS type
#: with Shift. Layouts that type a code unchanged (Italian, Spanish, Polish …) are left out.
LAYOUTS: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "de pl(qwertz) ro(winkeys) rs(latin) al at ba hr hu me si ch",
        "abcdefghijklmnopqrstuvwxzy234567",
        "ABCDEFGHIJKLMNOPQRSTUVWXZY",
    ),
    ("fr dz sn ml tg", "qbcdefghijkl,noparstuvzxywé\"'(-è", "QBCDEFGHIJKL?NOPARSTUVZXYW"),
    ("be", "qbcdefghijkl,noparstuvzxywé\"'(§è", "QBCDEFGHIJKL?NOPARSTUVZXYW"),
    ("cz", "abcdefghijklmnopqrstuvwxzyěščřžý", "ABCDEFGHIJKLMNOPQRSTUVWXZY"),
    ("sk", "abcdefghijklmnopqrstuvwxzyľščťžý", "ABCDEFGHIJKLMNOPQRSTUVWXZY"),
    ("gr", "αβψδεφγηιξκλμνοπ;ρστθωςχυζ234567", "ΑΒΨΔΕΦΓΗΙΞΚΛΜΝΟΠ:ΡΣΤΘΩΣΧΥΖ"),
    ("ru kg", "фисвуапршолдьтщзйкыегмцчня234567", "ФИСВУАПРШОЛДЬТЩЗЙКЫЕГМЦЧНЯ"),
    ("ua", "фисвуапршолдьтщзйкіегмцчня234567", "ФИСВУАПРШОЛДЬТЩЗЙКІЕГМЦЧНЯ"),
    ("bg", "ьфъаеожгстнвпхдз,ияшкэуйщю234567", "ѝФЪАЕОЖГСТНВПХДЗыИЯШКЭУЙЩЮ"),
    ("rs", "абцдефгхијклмнопљрстувњџзж234567", "АБЦДЕФГХИЈКЛМНОПЉРСТУВЊЏЗЖ"),
    ("mk", "абцдефгхијклмнопљрстувњџѕз234567", "АБЦДЕФГХИЈКЛМНОПЉРСТУВЊЏЅЗ"),
    ("lt", "abcdefghijklmnopqrstuvwxyzčęėįšų", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("tr(f)", "uçveğaütnkmlszhpfıiorcgödj234567", "UÇVEĞAÜTNKMLSZHPFIİORCGÖDJ"),
    ("az", "abcdefghijklmnopqrstuvüxyz234567", "ABCDEFGHİJKLMNOPQRSTUVÜXYZ"),
    ("vn", "abcdefghijklmnopqrstuvwxyzâêô\u0300\u0309\u0303", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("il", "שנבגקכעיןחלךצמםפ/רדאוה'סטז234567", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("ara iq sy", "شﻻؤيثبلاهتنمةىخحضقسفعرصءغئ234567", "\u0650ﻵ}]\u064f[ﻷأ÷ـ،/'آ×؛\u064e\u064c\u064dﻹ`{\u064b\u0652إ~"),
    (
        "ir af",
        "شذزیثبلاهتنمپدخحضقسفعرصطغظ۲۳۴۵۶۷",
        "ؤ\u200cژي\u064dإأآ\u0651ة»«ء\u0654][\u0652\u064bئ\u064f\u064e\u0670\u064c\u0653\u0650ك",
    ),
    (
        "th",
        "ฟ\u0e34แกำดเ\u0e49ร\u0e48าสท\u0e37นยๆพหะ\u0e35อไป\u0e31ผ/-ภถ\u0e38\u0e36",
        'ฤ\u0e3aฉฏฎโฌ\u0e47ณ\u0e4bษศ?\u0e4cฯญ๐ฑฆธ\u0e4aฮ")\u0e4d(',
    ),
    ("us(dvorak)", "axje.uidchtnmbrl'poygk,qf;234567", 'AXJE>UIDCHTNMBRL"POYGK<QF:'),
    ("us(colemak)", "abcsftdhuneimky;qprglvwxjz234567", "ABCSFTDHUNEIMKY:QPRGLVWXJZ"),
    ("us(colemak_dh)", "azdsftgmuneihky;qprblvwcjx234567", "AZDSFTGMUNEIHKY:QPRBLVWCJX"),
    ("us(workman)", "avmhrtgyuneolkp;qwsbfcdxjz234567", "AVMHRTGYUNEOLKP:QWSBFCDXJZ"),
    ("fr(bepo)", "akxipe,cdtsrq'ljbouèv.éy�à«»()@+", "AKXIPE;CDTSRQ?LJBOUÈV:ÉY!À"),
    ("fr(bepo_afnor)", "akxipe,cdtsrq’ljbouèv.éy�à«»()@+", "AKXIPE;CDTSRQ?LJBOUÈV:ÉY!À"),
    ("de(neo)", "uzäaleosgnrtmbfqxciwhpvökü234567", "UZÄALEOSGNRTMBFQXCIWHPVÖKÜ"),
    (
        "ara(azerty) ma",
        "شﻻؤيثبلاهتنمةىخحضقسفعرصءغئé\"'(-è",
        "\u0650ﻵ}]\u064f[ﻷأ÷ـ،/'آ×؛\u064e\u064c\u064dﻹ`{\u064b\u0652إ~",
    ),
    (
        "ara(digits)",
        "شﻻؤيثبلاهتنمةىخحضقسفعرصءغئ٢٣٤٥٦٧",
        "\u0650ﻵ}]\u064f[ﻷأ÷ـ،/'آ×؛\u064e\u064c\u064dﻹ`{\u064b\u0652إ~",
    ),
    ("bg(phonetic)", "абцдефгхийклмнопярстужвьъз234567", "АБЦДЕФГХИЙКЛМНОПЯРСТУЖВѝЪЗ"),
    ("bg(bas_phonetic)", "абцдефгхийклмнопчрстувшжъз234567", "АБЦДЕФГХИЙКЛМНОПЧРСТУВШЖЪЗ"),
    ("ru(phonetic)", "абцдефгхийклмнопярстужвьыз234567", "АБЦДЕФГХИЙКЛМНОПЯРСТУЖВЬЫЗ"),
    ("ru(phonetic_winkeys)", "абцдефгчийклмнопярстужвхыз234567", "АБЦДЕФГЧИЙКЛМНОПЯРСТУЖВХЫЗ"),
    ("ru(typewriter)", 'фисвуапршолдьтщзйкыегмцчня-/":,.', "ФИСВУАПРШОЛДЬТЩЗЙКЫЕГМЦЧНЯ"),
    ("ua(phonetic)", "абцдефгхійклмнопярстужвьиз234567", "АБЦДЕФГХІЙКЛМНОПЯРСТУЖВЬИЗ"),
    ("ua(typewriter)", "фісвуапршолдьтщзйкиегмцчня№/;:,.", "ФІСВУАПРШОЛДЬТЩЗЙКИЕГМЦЧНЯ"),
    ("lv(ergonomic)", "špīsjildzateāoēčūrumnkgbvņ234567", "ŠPĪSJILDZATEĀOĒČŪRUMNKGBVŅ"),
    ("lv(modern)", "ewcaānk�īsityflgēpubdvozjx234567", 'EWCAĀNK"ĪSITYFLGĒPUBDVOZJX'),
    ("lt(std)", "abcdešghijklmnopąrstuvžūyz-/;:,.", "ABCDEŠGHIJKLMNOPĄRSTUVŽŪYZ"),
    ("lt(ibm)", 'abcdefghijklmnopąrstuvžūyz"/;:,.', "ABCDEFGHIJKLMNOPĄRSTUVŽŪYZ"),
    ("cz(qwerty)", "abcdefghijklmnopqrstuvwxyzěščřžý", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("sk(qwerty)", "abcdefghijklmnopqrstuvwxyzľščťžý", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("us(dvp)", "axje.uidchtnmbrl;poygk,qf'[{}(=*", 'AXJE>UIDCHTNMBRL:POYGK<QF"'),
    ("us(norman)", "abcedtgyrniompl;qfskuvwxjz234567", "ABCEDTGYRNIOMPL:QFSKUVWXJZ"),
    ("gb(dvorak)", "axje.uidchtnmbrl'poygk,qf;234567", "AXJE>UIDCHTNMBRL@POYGK<QF:"),
    ("fr(dvorak)", "oy,uéebfcstnrxmk:ga.vi'qh;/-è\\�(", "OY@U>EBFCSTNRXMK?GA!VI<QH|"),
    ("de(dvorak)", "axje.iuhcdrnmbtzüpoygk,qfö234567", "AXJE:IUHCDRNMBTZÜPOYGK;QFÖ"),
    ("es(dvorak)", "axjeñuidcrtnmbhl.poygk,qf-234567", "AXJEÑUIDCRTNMBHL:POYGK;QF_"),
    ("se(svdvorak)", "axje.uidchtnmbrlåpoygk,qfä234567", "AXJE:UIDCHTNMBRLÅPOYGK;QFÄ"),
    ("no(dvorak)", "axje.uidchtnmbrlåpoygk,qfæ234567", "AXJE:UIDCHTNMBRLÅPOYGK;QFÆ"),
    ("il(phonetic)", "אבצדאפגהייכלמנספקרשתוווחעז234567", "אבץדאףגהייךלםןסףקרשטוווחעז"),
    ("ge(ergonomic)", "ხჟყაუეოდნმსრცზვშჩძიჭთღპჰტჯ№,;%:?", "ABჩDEFGHIჟKLMNOPQღშთUVჭXYძ"),
    ("am(phonetic)", "աբցդեֆգհիյկլմնօպքրստւվողըզթփձջւև", "ԱԲՑԴԵՖԳՀԻՅԿԼՄՆՕՊՔՐՍՏՒՎՈՂԸԶ"),
    ("am(eastern)", "աբքդէֆգհիճկլմնոպխրստըվւցեզձյ՛,-.", "ԱԲՔԴԷՖԳՀԻՃԿԼՄՆՈՊԽՐՍՏԸՎՒՑԵԶ"),
    ("am(western)", "ապգտէֆկհիճքլմնոբխրսդըւվցեզձյ՛,-.", "ԱՊԳՏԷՖԿՀԻՃՔԼՄՆՈԲԽՐՍԴԸՒՎՑԵԶ"),
    (
        "jp(kana)",
        "チコソシイハキクニマノリモミラセタストカナヒテサンツフアウエオヤ",
        "チコソシィハキクニマノリモミラセタストカナヒテサンッ",
    ),
    ("pt(nativo)", "ikja.oumtdsrvqcp'hexlb,çwy234567", "IKJA:OUMTDSRVQCP?HEXLB;ÇWY"),
    ("br(nativo)", "ikja.oumtdsrvqcp/hexlb,çwy234567", "IKJA>OUMTDSRVQCP?HEXLB<ÇWY"),
    (
        "th(pat)",
        "\u0e49\u0e34ลงยก\u0e31\u0e35มานเสควแ\u0e47อทรดหตป\u0e48บ๒๓๔๕\u0e39๗",
        "\u0e4b\u0e3aฐำๆณ\u0e4c\u0e37ซผชโฮศถฒ\u0e4aญธษฝภฤฏ\u0e36ฎ",
    ),
    (
        "in(ben)",
        "\u09cbবম\u09cd\u09be\u09bf\u09c1পগরকতসলদজ\u09cc\u09c0\u09c7\u09c2হন\u09c8\u0982বz২৩৪৫৬৭",
        "ওবণঅআইউফঘঢ়খথশলধঝঔঈএঊঙনঐ\u0981ভZ",
    ),
    (
        "in(guj)",
        "\u0acbવમ\u0acd\u0abe\u0abf\u0ac1પગરકતસલદજ\u0acc\u0ac0\u0ac7\u0ac2હન\u0ac8\u0a82બz૨૩૪૫૬૭",
        "ઓવણઅઆઇઉફઘરખથશળધઝઔઈએઊઙનઐ\u0a81ભZ",
    ),
    (
        "in(kan)",
        "\u0ccbವಮ\u0ccd\u0cbe\u0cbf\u0cc1ಪಗರಕತಸಲದಜ\u0ccc\u0cc0\u0cc7\u0cc2ಹನ\u0cc8\u0c82ಬ\u0cc6೨೩೪೫೬೭",
        "ಓ\u0cb4ಣಅಆಇಉಫಘಱಖಥಶಳಧಝಔಈಏಊಙನಐ\u0c82ಭಎ",
    ),
    (
        "in(mal)",
        "\u0d4bവമ\u0d4d\u0d3e\u0d3f\u0d41പഗരകതസലദജ\u0d4c\u0d40\u0d47\u0d42ഹന\u0d48\u0d02ബ\u0d46൨൩൪൫൬൭",
        "ഓഴണഅആഇഉഫഘറഖഥശളധഝഔഈഏഊങനഐ\u200bഭഎ",
    ),
    (
        "in(tel)",
        "\u0c4bవమ\u0c4d\u0c3e\u0c3f\u0c41పగరకతసలదజ\u0c4c\u0c40\u0c47\u0c42హన\u0c48\u0c02బ\u0c46౨౩౪౫౬౭",
        "ఓవణఅఆఇఉఫఘఱఖథశళధఝఔఈఏఊఙనఐ\u0c01భఎ",
    ),
    (
        "in(guru)",
        "\u0a4bਵਮ\u0a4d\u0a3e\u0a3f\u0a41ਪਗਰਕਤਸਲਦਜ\u0a4c\u0a40\u0a47\u0a42ਹਨ\u0a48\u0a02ਬz੨੩੪੫੬੭",
        "ਓਵਣਅਆਇਉਫਘੜਖਥਸ਼ਲ਼ਧਝਔਈਏਊਙਨਐ\u0a70ਭ\u0a01",
    ),
    ("am", "ջզչգբեանկիտհքլըթճսվմւյփդոժձ֊,։՞․", "ՋԶՉԳԲԵԱՆԿԻՏՀՔԼԸԹՃՍՎՄՒՅՓԴՈԺ"),
    ("by", "фісвуапршолдьтўзйкыегмцчня234567", "ФІСВУАПРШОЛДЬТЎЗЙКЫЕГМЦЧНЯ"),
    (
        "bd",
        "\u09c3ন\u09c7\u09bfডব\u09cd\u09beহকতদমসগড়ঙপ\u09c1টজরয\u09cbচ\u0981২৩৪৫৬৭",
        "\u09d7ণ\u09c8\u09c0ঢভ।অঞখথধশষঘঢ়\u0982ফ\u09c2ঠঝলয়\u09ccছ\u0983",
    ),
    (
        "in",
        "\u094bवम\u094d\u093e\u093f\u0941पगरकतसलदज\u094c\u0940\u0947\u0942हन\u0948\u0902ब\u0946२३४५६७",
        "ओऴणअआइउफघऱखथशळधझऔईएऊङऩऐ\u0901भऎ",
    ),
    (
        "mm",
        "\u1031ဘခ\u102dန\u103a\u102b\u1037င\u103c\u102f\u1030\u102cညသစဆမ\u103bအကလတထပဖ၂၃၄၅၆၇",
        "ဗယဃ\u102eဣ\u1039\u103d\u1036၍\u1032ဒဓဦဉဿဏဈ၎\u103eဤဥဠဝဌ၌ဇ",
    ),
    ("cd", "qbcdefghijkl,noparstuvzxyw\u0301\u0300({})", "QBCDEFGHIJKL?NOPARSTUVZXYW"),
    (
        "bt",
        "ཏརའདགནཔཕ\u0f7cབམཙཤལཅཆཀངཐ\u0f72\u0f7aཡཁཟ\u0f74ཞ༢༣༤༥༦༧",
        "\u0f9f\u0fb2\u0f71\u0fa1\u0f92\u0fa3\u0fa4\u0fa5\u0f7d\u0fa6\u0fa8\u0fa9\u0fb4\u0fb3\u0f95\u0f96\u0f90\u0f94\u0fa0\u0f80\u0f7b\u0fb1\u0f91\u0faf\u0f84\u0fae",
    ),
    ("gn", "\u07ebߓߗߘߍߝߜߤߌߖߞߟ߸ߣߐߔߊߙߛߕߎߢߠ،ߦߥ\u07ebߵߴ(-\u07ec", "\u07ebߓߩߘߋߝ߷ߤߌߨߞߪ؟ߒߏߔߊߚߛߕ߶ߢ<،ߧߥ"),
    ("ge", "აბცდეფგჰიჯკლმნოპქრსტუვწხყზ234567", "ABჩDEFGHIჟKLMNOPQღშთUVჭXYძ"),
    (
        "kh",
        "\u17b6បចដ\u17c1ថងហ\u17b7\u17d2កលមន\u17c4ផឆរសត\u17bbវ\u17b9ខយឋ២៣៤៥៦៧",
        "\u17ffពជឌ\u17c2ធអ\u17c7\u17b8ញគឡ\u17c6ណ\u17c5ភឈឬ\u17c3ទ\u17bc\u17fd\u17baឃ\u17bdឍ",
    ),
    ("kz", "фисвуапршолдьтщзйкыегмцчняәіңғ,.", "ФИСВУАПРШОЛДЬТЩЗЙКЫЕГМЦЧНЯ"),
    (
        "la",
        "\u0eb1\u0eb6ແກຳດເ\u0ec9ຣ\u0ec8າສທ\u0eb7ນຍ\u0ebbພຫະ\u0eb5ອໄປ\u0eb4ຜຟໂຖ\u0eb8\u0eb9ຄ",
        "\u0eb1\u0eb6ຯ.ຳ,:\u0ecaຮ\u0ecb!?ໆ\u0eb7ນຽ\u0ebb_;+\u0eb5ອ໐(\u0eb4₭",
    ),
    ("mn", "ймёбуөахшролтиүзфжыэгсцчня234567", "ЙМЁБУӨАХШРОЛТИҮЗФЖЫЭГСЦЧНЯ"),
    ("tj", "фисвуапршолдӣтҳзйкҷегмқчня234567", "ФИСВУАПРШОЛДӢТҲЗЙКҶЕГМҚЧНЯ"),
    ("lk", "අබචදඑෆගහඉජකලමනඔපඍරසතඋවඇඳයඤ234567", "ආභඡධඒFඝ\u0d83ඊඣඛළඹණඕඵඎ\u0dcaශථඌVඈඬ\u0dcaඥ"),
    ("tr", "abcdefghıjklmnopqrstuvwxyz234567", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("uz", "фисвуапршолдьтўзйкқегмцчня234567", "ФИСВУАПРШОЛДЬТЎЗЙКҚЕГМЦЧНЯ"),
    ("pk", "ابچدعفگحیجکلمنہپقرستءطوشےز234567", "آ.ثڈ\u0670\u0651غھ\u0650ضخ\u0654\u0658ںۃ\u064f\u0652ڑصٹئظؤژ\u064eذ"),
    (
        "mv",
        "\u07a6ބޗދ\u07acފގހ\u07a8ޖކލމނ\u07aeޕ\u07b0ރސތ\u07aaވއ×ޔޒ234567",
        "\u07a7ޞޝޑ\u07adﷲޣޙ\u07a9ޛޚޅޟޏ\u07af÷ޤޜށޓ\u07abޥޢޘޠޡ",
    ),
    ("epo", "abcdefghijklmnopŝrstuvĝĉŭz234567", "ABCDEFGHIJKLMNOPŜRSTUVĜĈŬZ"),
    (
        "np",
        "\u093eबचद\u0947उगह\u093fजकलमन\u094bपटरसत\u0941व\u094cडयष२३४५६७",
        "आभछध\u0948ऊघअ\u0940झख॥\u0902णओफठ\u0943शथ\u0942\u0901औढञऋ",
    ),
    ("tm", "abçdefghijklmnopärstuýwüyz234567", "ABÇDEFGHIJKLMNOPÄRSTUÝWÜYZ"),
    (
        "jv",
        "\ua9bbꦧꦕꦢ\ua9bcꦝꦒꦲ\ua9b6ꦗꦏꦭꦩꦤ\ua9baꦥꦐꦫꦱꦠ\ua9b8ꦛꦮꦚꦪꦔ꧒꧓꧔꧕꧖꧗",
        "ꦄꦨꦖꦣꦌꦞꦓ\ua983\ua9b7ꦙꦑꦊ\ua980ꦟ\ua9b4ꦦꦰꦬꦯꦡ\ua9b9ꦜꦍꦘ\ua9be\ua981",
    ),
    ("my", "شﻻؤيثبلاهتنمةىخکضقسفعرصءغئ٢٣٤٥٦٧", "ۏﻵ}]ڬ[ﻷأ÷ـ،/'آ×؛چـڨﻹ`{ڠڽإ~"),
)
