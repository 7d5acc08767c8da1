"""Small words of many languages, as far as they stand around a wish or an order."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


# Said around a language's name, or after it.
FILLERS = words("""
    a an and das den die dies diese dieses für gracias kindly la le les merci me obrigado obrigada per favore please pls por
    favor cortesía the them these this thank thanks you translate translated translation translating tradurre traduire traduce
    traducir traduza traduzir traduisez traduci tradotto traduit traduite traducido traduzido grazie übersetze übersetzen
    übersetzt übersetzung vertalen vertaal vertaald svp sil s'il vous plaît plait ci joint ce cette este esto danke dank proszę
    prosze graag veuillez version versión versione versie wersja wersję version bitte alstublieft alsjeblieft aub mij dit deze
    przetłumacz przetłumaczyć tłumaczenie proszę przełóż dziękuję asap now jetzt ora ahora merci d'avance en avance
    prosím přeložit přeložte překlad preložiť preložte preklad děkuji ďakujem díky prosimo prosim prevedite prevesti prevod hvala
    tack översätt översätta översättning tak oversæt oversætte oversættelse takk oversett oversette oversettelse
    kiitos käännä kääntäkää käännös kérem köszönöm fordítsa fordítás fordítsd lütfen çevirin çevir çeviri teşekkürler
    пожалуйста переведите перевести перевод спасибо прошу перекласти перекладіть переклад дякую будь ласка моля преведете превод
    благодаря παρακαλώ μεταφράστε μετάφραση ευχαριστώ palun tõlkida tõlkige tõlge aitäh lūdzu tulkot tulkojums paldies
    prašau prašom išversti vertimas ačiū vă rog traduceți traducere mulțumesc tolong terjemahkan mohon silakan terima kasih
    번역해 주세요 번역 부탁드립니다 من فضلك ترجمة ترجم شكرا 谢谢 謝謝 多谢 gern gerne just only nur bonjour hola und auch noch nochmal nun then again too also aussi encore maintenant también ahora otra vez anche ancora também agora
    outra ook nog eens nu też teraz jeszcze raz same dasselbe lo mismo la même chose et y e i och og ja a
    """)
# They say what is to be translated: "German document" is no wish without a verb.
NOUNS = words("""
    attached attachment document documents dokument dokumente documento documentos documenti file files pdf pdfs anhang anbei
    fichier archivo allegato anexo bijlage bestand plik dokumentu soubor fil filen tiedosto fájl dosya файл документ adjunto
    """)
PREPOSITIONS = words("""
    to into auf ins in en em al au vers para naar på til till na по на do w po v ve u în uz į στα στην σε в во ke dalam إلى
    الى باللغة nach à a all het le o nel alla il del tulkot the
    """)
# Said with an order, and no order.
POLITE = words("""
    please pls bitte s'il vous plaît te plait svp por favor per favore alsjeblieft alstublieft graag proszę tack takk
    kiitos thanks thank you danke merci gracias grazie obrigado obrigada dank je u dziękuję it this them these me now
    file files document documents es das dies dokument dokumente datei jetzt die den der le la les ce fichier ahora lo
    el los documento documentos archivo il i adesso o os a arquivo ficheiro het dit bestand to ten plik して ください お願いします
    请 請 吧 谢谢 the my mine do ahead with very much so mit très sehr avec gern gerne fortfahren ask weiter continua continue proceda doe maar graag aub poproszę jak najbardziej dajcie
    """)
