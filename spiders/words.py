# ruff: noqa: RUF001 - the words of shops in other scripts look like ours to a linter
"""The words by which shops announce prices, product codes and stock, in the languages met so far. Add yours here."""

import re

PRICE_NAME = re.compile(
    r"pri[cs]e|preis|prix|pre[cç]o|precio|prezzo|prijs|\bcena|\bpret\b|amount|hinta|cijena", re.IGNORECASE
)
"""Class names and ids of elements that hold a price."""

OTHER_PRICE = re.compile(
    r"old|tax|netto|was\b|strike|cross|rrp|msrp|list-?price|before|regular|original|compare|previous|statt|uvp|anci?en|antes"
    r"|normal|full-?price|unit|per-|base-?price|saving|discount|install?ment|parcel|month|shipping|delivery|related"
    r"|recommend|similar",
    re.IGNORECASE,
)
"""Class names and ids of prices that are not what the buyer pays for this product now."""

_SIGNS = r"[$€£¥₹₽₺₪₩₴₸]"
MONEY = re.compile(
    rf"(?:US\$|NT\$|R\$|C\$|A\$|HK\$|{_SIGNS}|CHF|EUR|USD|GBP)\s?\d[\d.,'\u00a0\u202f ]*(?:[.,]-)?"
    r"|\d[\d.,'\u00a0\u202f ]*\s?"
    r"(?:€|£|₽|₺|₪|₴|₸|zł|Kč|kn\b|lei\b|Lei\b|kr\b|Ft\b|EUR\b|USD\b|CHF\b|тг|тенге|руб|元)"
)
"""An amount with its currency."""

CODE_LABEL = re.compile(
    r"""(?:\b(?:sku|(?:item|product|article|style|stock|part|catalogu?e?|listing|ad|post)\s?(?:no\b|number|code|id\b|\#)
    |artikel-?\s?(?:nummer|nr|n°)|art\.?\s?-?\s?nr|bestell-?\s?(?:nummer|nr)|best\.?-?\s?nr|produkt-?\s?(?:nummer|nr|code)
    |anzeigen?-?\s?(?:nummer|nr|id)?|id[\s-]?(?:do\s)?produto|produkta\skods|r[ée]f(?:[ée]rence)?|ref\.?|referencia|refer[êe]ncia
    |c[óo]d(?:igo)?(?:\.|\s(?:do\s)?produ(?:to|cto|s))?|cod\s?produs|šifra|codice(?:\sarticolo)?|artikelcode
    |tuotenumero|k[óo]d\s?(?:zboží|výrobku|produktu|towaru|tovaru)|cikkszám|ürün\skodu|stok\skodu|varenr\.?|varenummer|artnr
    |produkta?\s?k[oó]ds?|prekės\skodas|tootekood)
    |артикул|код\s?товара|код|מק["״]ט|קוד\s?מוצר|商品編號|商品编号|貨號|品號|商品代號|品番)
    \s*\.?\s*(?:[:：\#№]|n[°º]|[-–]\s|\s)\s*[:：\#]?\s*(?P<code>[A-Za-z0-9][A-Za-z0-9._/-]{2,39})""",
    re.IGNORECASE | re.VERBOSE,
)
"""A label and the product code after it."""

SOLD_OUT = re.compile(
    r"\b(?:sold\s?out|out\s?of\s?stock|currently\s(?:unavailable|not\savailable)|no\slonger\savailable|ausverkauft"
    r"|nicht\s(?:verfügbar|lieferbar|auf\slager)|rupture\sde\sstock|épuisé|agotado|sin\sstock|esgotado|indispon[íi]vel"
    r"|esaurito|uitverkocht|stoc\sepuizat|razprodano|rasprodano|нет\sв\sналичии|loppuunmyyty|wyprzedane|vyprodáno)\b"
    r"|完售|已售完|缺貨|אזל|売り切れ|在庫切れ|品切れ|품절|\bnen[íi]\sskladem|\bniedostępny|\bnincs\sraktáron|\bslutsåld|\budsolgt|\butsolgt"
    r"|\btükendi|\bnema\sna\szalihi|\bnot\sin\sstock|\bstoc\sepuizat",
    re.IGNORECASE,
)
"""It cannot be bought."""

IN_STOCK = re.compile(
    r"(?<!not )(?<!no longer )\bin\sstock\b|(?<!nicht )\b(?:auf\slager|sofort\s(?:verfügbar|lieferbar)|lieferbar)\b"
    r"|(?<!plus )(?<!pas )\ben\sstock\b|(?<!no )\bdisponib(?:le|ile)\b|\bdispon[íi]vel\b|\bop\svoorraad\b"
    r"|(?<!není )\bskladem\b"
    r"|\bna\ssklad(?:e|ě)\b|\bdostępny\b|\bw\smagazynie\b|\bîn\sstoc\b|\bin\sstoc\b|\b(?:på|i|pe)\s(?:lager|stoc)\b|\bvarastossa\b"
    r"|(?<!nincs )\braktáron\b|\bstokta\b|\bna\szalogi\b|\bdobavljivo\b|(?<!нет )\bв\sналичии\b"
    r"|在庫あり|有現貨|現貨|有货|재고\s?있음",
    re.IGNORECASE,
)
"""It can be had now."""

PRE_ORDER = re.compile(
    r"\bpre-?order|\bvorbestell|\bprécommande|\bpre-?vendita|\bpreventa|\bpré-?venda|\bpředobjedn|\bprzedsprzeda|予約",
    re.IGNORECASE,
)
"""It can be ordered before it is there."""

BUY = re.compile(
    r"add\sto\s(?:cart|bag|basket|trolley)|buy\s(?:it\s)?now|in\s(?:den|die)\s(?:warenkorb|einkaufswagen)"
    r"|ajouter\s(?:au|à\s(?:mon|votre))\spanier|a(?:ñadir|gregar|dicionar)\s(?:al|ao)\s\w+|comprar|adaug[ăa]\s[îi]n\sco[șsş]|v\s?košarico"
    r"|u\s?košaricu|aggiungi\sal|in\swinkelwagen|в\sкорзину|купить|lisää\s(?:ostos)?kori|加入購物車|放入購物車|立即購買"
    r"|\bkoupit\b|do\sko(?:š[íi]ku|szyka)|kosárba|sepete\sekle|カートに入れる|かごに入れる|장바구니|l[äæ]gg?\si\s(?:varukorg|kurv|handlekurv)"
    r"|legg\si\shandlekurv|\bnaroči\b|ielikt\sgrozā|lisa\sostukorvi|j'achète"
    r"|הוסף\sלסל|pievienot\sgrozam|nopirkt",
    re.IGNORECASE,
)
"""It can be bought."""

_VALUE = r"\s*(?:[:：]|\s[-–]\s)\s*(?P<value>[^\n:：|•]{2,60})"

BRAND_LABEL = re.compile(
    r"(?:^|\n|\|)\s*(?:brand|manufacturer|marke|hersteller|marque|fabricant|marca|fabricante|produttore|merk|výrobce|výrobca"
    r"|značka|producent|marka|gyártó|proizvajalec|proizvođač|производитель|бренд|tillverkare|varumärke|valmistaja|メーカー|ブランド|品牌)"
    + _VALUE,
    re.IGNORECASE,
)
"""A label and the brand after it."""

GTIN_LABEL = re.compile(
    r"\b(?:EAN(?:-?13)?|GTIN(?:-?1[34])?|UPC|ISBN(?:-?13)?|JAN|barcode|code-barres|čárový\skód)\s*(?:code|kód)?\s*[:：]?\s*"
    r"(?P<value>\d[\d -]{6,16}\d)",
    re.IGNORECASE,
)
"""A label and the barcode after it."""

GTIN_WORDS = ("ean", "gtin", "upc", "isbn", "jan", "barcode", "code-barres", "čárový")
"""How those labels begin: without any of them there is none."""

STOCK_LABEL = re.compile(
    r"(?:^|\n|\|)\s*(?:availability|stock(?:\sstatus)?|verfügbarkeit|lieferstatus|lagerbestand|disponibilit[éàa]|disponibilidad"
    r"|disponibilidade|beschikbaarheid|voorraad|dostupnost|dostupnosť|dostępność|elérhetőség|disponibilitate|razpoložljivost"
    r"|raspoloživost|наличие|tillgänglighet|lagerstatus|saatavuus|在庫|庫存|pieejamība)" + _VALUE,
    re.IGNORECASE,
)
"""A label and what the shop says of its stock."""
