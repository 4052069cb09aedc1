"""Empty words: courtesy, pronouns, auxiliaries and other function words of several languages.

A message that has no other words, such as "yes please", cannot be for one agent rather than another.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenthost.conversation.classifiers import Choice

__all__ = ["EMPTY_WORDS", "example_of", "plain_words", "says_nothing"]

_WORDS = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_LISTS = {
    "en": """
        a able about absolutely actually after again agreed ah all already alright also always am an and any
        anybody anyone anything anyway are arent as ask at away back be because been before being bit both but
        by bye can cannot cant come cool correct could couldnt dear definitely did didnt do does doesnt doing
        done dont each either else enough even evening ever every everything exactly excuse explain fine first
        for forget from further get getting give go goes going good goodbye got great guys had happy has have
        havent having he hello help helped helpful helping hence her here hers hey hi him his hm hmm hold how
        however huh i id if ill im in indeed into is isnt it its ive just keep kind kindly know later least less
        let lets like little ll lot lots madam many may maybe me mean mhm might mine minute moment more morning
        most mr mrs ms much must my need needed needs neither never nice night no nobody none nope nor not
        nothing now of off oh ok okay okey on once one ones only or other others ought our ours out over pardon
        perfect perhaps please pleased pls plz possible possibly precisely pretty probably quick quickly quite
        rather re really right said same say second see shall she should shouldnt show simply sir so some
        somebody someone something sometimes somewhat soon sorry still such sure talk tell than thank thanks
        that thats the their theirs them then there theres these they thing things think this those though thx
        till to today too understand understood until up upon us use ve very wait want wanted wants was way we
        welcome well were what whatever whats when where which while who whom whose why will wish with without
        wonder wonderful wondering wont would wouldnt yea yeah yep yes yet you your yours yup
    """,
    "es": """
        a acuerdo adios ah ahi ahora al algo alguien algun alguna algunas alguno algunos alli aqui asi aun
        aunque ayuda ayudame ayudar ayudarme bien buena buenas bueno buenos cada casi claro como con correcto
        cosa cosas cual cuales cuando cuanta cuanto de decir decirme deja del desde despues dias dime donde e el
        ella ellas ello ellos en entonces entre era eres es esa esas ese eso esos esta estaba estan estar estas
        este esto estos estoy exacto favor fue gracias gustaria ha haber hace hacer hago han hasta hay haz hazlo
        he hola igual la las le les lo los luego mas me mejor mi mia mio mis mucha muchas mucho muchos muy nada
        nadie necesita necesito ni ningun ninguna no noches nos nosotros nuestra nuestro o os otra otro para
        perdon perdona perfecto pero poco podria podrian podrias por porque puede pueden puedes puedo pues que
        querer queria quien quiera quiere quieres quiero quisiera quizas sabe saber sabes se sea senor senora
        ser si siempre siento sin sobre sois solo somos son soy su sus tal tambien tan tanto tardes te tener
        tengo ti tiene tienen tienes toda todas todo todos tu tus un una unas uno unos usted ustedes va vale
        vamos van vosotros voy y ya yo
    """,
    "fr": """
        a accord ah ai aide aider aimerais alors apres as au aucun aucune aujourdhui aussi autre autres aux
        avait avec avez avoir avons bien bon bonjour bonne bonsoir c ca car ce cela celle celui certainement ces
        cest cet cette chaque chose choses ci comme comment compris d dabord daccord dans de des deux dire dis
        dites donc dont du elle elles en encore entendu est et etait etes etre eu exactement excuse excusez
        faire fais fait faites faut il ils j jai jaimerais je jusque l la laquelle le lequel les leur lui ma
        madame mais me meme merci mes mieux moi mon monsieur n ne ni non nos notre nous on ont ou ouais oui par
        parce pardon parfait pas peu peut peux plait plus pour pourquoi pourrais pourriez pouvez puis puisje qu
        quand que quel quelle quelles quelqu quelque quelques quels qui quoi revoir s sa salut sans sauf savoir
        se sera ses si sil silvousplait soit son sont sous suis sur svp ta te tes toi ton toujours tous tout
        toute toutes tres trop tu un une va vais vas veuillez veut veux voila voir vos votre voudrais vous
        vraiment y
    """,
    "de": """
        abend aber ach alle allem allen alles als also am an andere anderen auch auf aus bei beim bin bis bist
        bitte bloss brauche brauchen bräuchte da dabei dafur damit danke dankeschon dann das dass dazu dein
        deine dem den denn der des deshalb dich die dies diese diesem diesen dieser dieses dir doch dort du
        durch durfte ein eine einem einen einer eines einfach einmal einverstanden entschuldigung er es etwas
        euch euer fur ganz gar geben genau gern gerne gibt gut gute guten hab habe haben hallo hat hatte hatten
        helfen hier hilfe ich ihm ihn ihnen ihr ihre im immer in ins irgendwas ist ja jede jeder jemand jetzt
        kann kannst kein keine keinen klar konnen konnte konnten konntest lassen lieber mach machen macht mag
        mal man mehr mein meine meinem meinen meiner mich mir mit mochte mochten moment morgen muss mussen nach
        naturlich ne nee nein nicht nichts noch nochmal nun nur ob oder ohne okay prima richtig schon sehr sein
        seine servus sich sicher sie sind so soll sollen sollte sonst super tag tschuss tun tut um und uns unser
        unter viel vielen vielleicht vom von vor wann war warum was weil weiss weiter welche welcher wenn wer
        werde werden wie wieder will willst wir wird wissen wo wollen wollte worden wunderbar wurde wurden zu
        zum zur
    """,
    "pt": """
        a agora ai ainda ajuda ajudar alem algo alguem algum alguma ao aos aquela aquele aqui aquilo as ate bem
        boa boas bom bons cada certo claro com como da das de dela dele depois dia dias do dos e ela elas ele
        eles em entao era essa essas esse esses esta estao estar estava este estes estou eu exatamente favor faz
        fazer foi gostaria gostava ha isso isto ja la lhe mais mas me mesmo meu meus minha minhas muita muito
        muitos na nada nao nas nem nenhum ninguem no noite nos nossa nosso num numa o obrigada obrigado oi ola
        onde os ou outra outro para pela pelo perfeito pode podem poderia podes pois por porfavor porque posso
        preciso quais qual quando que quem quer queria quero sabe sao se seja sem sempre senhor senhora ser seu
        seus sim so sobre sou sua suas tambem tao tarde te tem tenho ter tipo toda todas todo todos tu tudo um
        uma umas uns vai valeu voce voces vou
    """,
    "it": """
        a ad adesso ah ai aiutami aiutare aiutarmi aiuto al alla allora altra altro anche ancora arrivederci
        avere avete aveva bene buona buonasera buongiorno buono c capito che chi ci ciao cio come con cosa cose
        cosi cui da dal dalla davvero de degli dei del della delle di dire dirmi dove e ecco ed era esatto
        essere fa fai fare fatto favore fosse fra gia gli grazie ha hai hanno ho i il in io la le lei li lo loro
        lui ma mai me meglio mi mia mie mio molte molto ne nel nella nessuno niente no noi non nostro nulla o
        ogni ok oppure ora per perche perfetto pero piacerebbe piu po poi posso potete potrebbe potresti prego
        puo puoi qua qual qualche qualcosa qualcuno quale quando quanto quella quello questa questi questo qui
        quindi salve sapere scusa scusi se sei sempre senza si sia siamo sono sta stare sto su sua subito sul
        suo te ti tra tu tua tuo tutta tutte tutti tutto un una uno va vabbene vedere vi voglio voi vorrei
        vostro
    """,
    "nl": """
        aan al alle alles als alsjeblieft alstublieft ander andere ben bent bij daar dag dan dank dankje dat de
        deze die dit doe doen doet door dus echt een en er even gaan gaat geen goed goede graag hallo heb hebben
        hebt heeft heel help helpen hem het hier hij hoe hoi hun iemand iets ik in is ja je jij jou jullie kan
        kunnen kunt maar mag me meer mij mijn moet moeten morgen na naar nee niet niets nodig nog nu of ok om
        ons onze ook op over prima sorry te tot u uit uw van veel voor waar waarom wanneer want was wat we weer
        wel wie wij wil willen worden wordt zal ze zeker zich zij zijn zo zou zouden
    """,
}


def plain_words(text: str, longest: int | None = None) -> list[str]:
    """Return the words of a text, without case, accents and apostrophes.

    Args:
        text: the text.
        longest: how many characters of it count. None counts all.
    """
    plain = text[:longest].casefold()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain)
        plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return [word.replace("'", "").replace("\u2019", "") for word in _WORDS.findall(plain[:longest])]


EMPTY_WORDS = frozenset(word for words in _LISTS.values() for word in plain_words(words))
"""The words, as ``plain_words`` returns them."""


def says_nothing(text: str, choices: Iterable[Choice]) -> bool:
    """Return True if a message cannot be for one agent rather than another.

    All its words are empty, and it is not exactly an example of one agent.

    Args:
        text: the message.
        choices: the agents.
    """
    words = plain_words(text)
    if not EMPTY_WORDS.issuperset(words):
        return False
    return example_of(words, choices) is None


def example_of(words: list[str], choices: Iterable[Choice]) -> str | None:
    """Return the only agent with an example of exactly these words, or None.

    Args:
        words: the words, as ``plain_words`` returns them.
        choices: the agents.
    """
    found = {
        choice.agent
        for choice in choices
        if words and any(plain_words(example) == words for examples in choice.examples.values() for example in examples)
    }
    return found.pop() if len(found) == 1 else None
