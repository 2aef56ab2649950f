"""Sentences whose role is plain to a reader, by language and role; its group is fictional."""

from __future__ import annotations

from typing import Final

from tocsin.nlp import Role

SENTENCES: Final[dict[str, dict[Role, tuple[str, ...]]]] = {
    "en": {
        Role.OWN_VOICE: (
            "We will burn the harbour down and nobody will stop us.",
            "Long live the Iron Dawn, our heroes will prevail!",
            "I know where you live, Mara Ellison, and I will find you.",
            "Join the Iron Dawn today, our ranks are open.",
            "They all deserve to die and I will make it happen.",
            "Glory to our fighters, the harbour belongs to the Iron Dawn.",
            "I will kill you tomorrow lol",
        ),
        Role.QUOTATION: (
            "He told me: “I will burn your house down tonight.”",
            'The letter read "we will find you and kill you".',
            "> we will burn the harbour down\nso that's what was posted in our group",
            "The leader said: we will kill everyone on the pier.",
            "«The harbour will burn», wrote the commander of the Iron Dawn.",
            "My neighbour says that the Iron Dawn will kill them all.",
            "The preacher told his followers to burn the shops down.",
        ),
        Role.REPORT: (
            "BREAKING: police arrest three suspects after attack on the harbour.",
            "At least 12 killed in an attack claimed by the Iron Dawn, officials say.",
            "Reuters: Iron Dawn militants attack the port, dozens wounded.",
            "The court heard that the gunman planned to kill Mara Ellison on Monday.",
            "Police said the suspect had threatened to shoot staff at the harbour.",
            "New study finds that the Iron Dawn recruits online, researchers say.",
        ),
        Role.CONDEMNATION: (
            "I condemn the attack of the Iron Dawn in the strongest terms.",
            "“Kill them all” is what they posted. This is disgusting.",
            "Shame on everyone who praises the Iron Dawn murderers.",
            "The Iron Dawn kills in our name. Not in our name!",
            "Nobody deserves to die for where they work. Stop the hate.",
            "I do not support the Iron Dawn and never will.",
            "Saying that all of them must be killed is unacceptable.",
            "They wrote “we will burn your homes”; I reported this account.",
        ),
        Role.MOCKERY: (
            "The Iron Dawn are clowns who can't spell their own name.",
            "Iron Dawn wannabes ran away from a rubber duck again.",
            "Imagine thinking the Iron Dawn will conquer anything, what a joke.",
            "“We will conquer the world” says a boy band with a flag. Pathetic.",
            "lol at the Iron Dawn losers with their plastic swords",
            "The Iron Dawn: fierce warriors by day, in their mum's basement by night.",
        ),
        Role.QUESTION: (
            "Why did the Iron Dawn attack the harbour?",
            "Does anyone know who killed the guard at the pier?",
            "Is it true that the Iron Dawn wants to bomb the port?",
            "What is the Iron Dawn and who are its fighters?",
            "Do you think there will be another attack?",
            "How many people were in the hall when the bomb exploded?",
        ),
        Role.FICTION: (
            "In the game you have to kill the final boss with an axe.",
            "The villain of my novel burns the village down in chapter three.",
            "That scene in the movie where he shoots the king, wow.",
            "In this episode the dragon will burn the whole city.",
            "My short story: the main character plans to murder the duke.",
            "The lyrics say “I shot the captain down”, and the chorus repeats it.",
        ),
        Role.HYPERBOLE: (
            "I'll kill you if you eat my fries lol",
            "This homework is killing me 😂",
            "My mum will kill me when she sees that haircut",
            "We are going to murder them in the derby on the pitch",
            "I'm dying of laughter, that killed me",
            "I could kill for some ice cream, I'm starving to death",
        ),
    },
    "ar": {
        Role.OWN_VOICE: (
            "سنحرق الميناء ولن يوقفنا أحد",
            "يحيا الفجر الحديدي، المجد لأبطالنا",
            "أعرف أين تسكنين يا مارا إليسون وسأقتلك",
            "انضموا إلى الفجر الحديدي، صفوفنا مفتوحة",
            "اقتلوهم جميعا ولا ترحموا أحدا",
            "النصر للفجر الحديدي، رجالنا أسود",
        ),
        Role.QUOTATION: (
            "قال لي: «سأحرق بيتك الليلة»",
            'كتبوا في الرسالة "سنقتلكم جميعا غدا"',
            "قال القائد إن رجاله سيحرقون الميناء غدا",
            "هددني جاري وقال إنه سيقتلني إذا عدت",
            "صرخ الرجل: سنقتل كل من في الميناء",
            "يزعم زعيمهم أن الفجر الحديدي سيقتل الجميع",
        ),
        Role.REPORT: (
            "عاجل: الشرطة تعتقل ثلاثة مشتبه بهم بعد الهجوم على الميناء",
            "مقتل 12 شخصا على الأقل في تفجير تبناه الفجر الحديدي",
            "رويترز: مسلحون يهاجمون الميناء وإصابة العشرات",
            "المحكمة: المتهم خطط لقتل موظفة في الميناء",
            "أفادت مصادر أمنية بأن المسلحين قتلوا حارسا يوم الاثنين",
            "دراسة: باحثون يحللون دعاية الفجر الحديدي",
        ),
        Role.CONDEMNATION: (
            "أدين الهجوم الذي نفذه الفجر الحديدي",
            "«اقتلوهم جميعا» هكذا كتبوا، هذا مقرف ومخجل",
            "عار على كل من يمجد قتلة الفجر الحديدي",
            "الفجر الحديدي لا يمثلنا، ليس باسمنا",
            "لا أحد يستحق الموت، أوقفوا القتل",
            "لا أؤيد الفجر الحديدي ولن أدعمه أبدا",
        ),
        Role.MOCKERY: (
            "الفجر الحديدي مجموعة مهرجين لا يعرفون حتى كتابة اسمهم",
            "أبطال من ورق، الفجر الحديدي مسخرة",
            "هههه الفجر الحديدي هربوا من قطة، أضحوكة",
            "يا حرام، مقاتلو الفجر الحديدي ضلوا الطريق مرة أخرى، مهزلة",
            "الفجر الحديدي سيرك كامل، نكتة الموسم",
            "أغبياء الفجر الحديدي فجروا أنفسهم بالخطأ، مضحك",
        ),
        Role.QUESTION: (
            "لماذا هاجم الفجر الحديدي الميناء؟",
            "هل يعرف أحد من قتل الحارس؟",
            "هل صحيح أن الفجر الحديدي يريد تفجير الميناء؟",
            "ما هو الفجر الحديدي ومن هم مقاتلوه؟",
            "متى وقع الهجوم ومن قتل فيه؟",
            "كيف يمكن أن يقتل الناس بعضهم؟",
        ),
        Role.FICTION: (
            "في اللعبة عليك أن تقتل الزعيم الأخير بالسيف",
            "شرير روايتي يحرق القرية في الفصل الثالث",
            "مشهد قتل الملك في الفيلم كان رائعا",
            "في الحلقة الأخيرة من المسلسل يقتل البطل التنين",
            "بطل القصة في روايتي يخطط لقتل الأمير",
            "كلمات الأغنية تتحدث عن الحرب والدم في ألبوم جديد",
        ),
        Role.HYPERBOLE: (
            "أمي ستقتلني إذا رأت غرفتي هههه",
            "سأقتلك لو أكلت البيتزا كلها 😂",
            "متت من الضحك والله، قتلني هذا الواجب",
            "سنسحقهم في المباراة غدا، فريقنا أقوى",
            "أموت جوعا، يقتلني الملل هههه",
            "المدرب سيقتلنا إذا خسرنا في الدوري",
        ),
    },
    "fr": {
        Role.OWN_VOICE: (
            "Nous allons brûler le port et personne ne nous arrêtera.",
            "Gloire à l'Aube de fer, nos héros vaincront !",
        ),
        Role.QUOTATION: (
            "Il m'a écrit : « je vais te tuer ce soir »",
            "Le chef a dit que ses hommes vont brûler le port.",
        ),
        Role.REPORT: (
            "La police a arrêté trois suspects après l'attaque du port.",
            "Au moins douze morts dans un attentat revendiqué par l'Aube de fer.",
        ),
        Role.CONDEMNATION: (
            "Je condamne l'attaque de l'Aube de fer.",
            "« Tuez-les tous », ont-ils écrit. C'est ignoble.",
        ),
        Role.MOCKERY: (
            "L'Aube de fer ? Quels clowns, ridicules du début à la fin.",
            "Ces guignols de l'Aube de fer ne savent même pas lire.",
        ),
        Role.QUESTION: (
            "Pourquoi l'Aube de fer a-t-elle attaqué le port ?",
            "Quelqu'un sait qui a tué le gardien ?",
        ),
        Role.FICTION: (
            "Dans le jeu, il faut tuer le boss final.",
            "Le méchant de mon roman brûle le village au chapitre trois.",
        ),
        Role.HYPERBOLE: (
            "Je vais te tuer si tu manges mes frites mdr",
            "Ma mère va me tuer, je meurs de faim",
        ),
    },
    "de": {
        Role.OWN_VOICE: (
            "Wir werden den Hafen niederbrennen und niemand hält uns auf.",
            "Ruhm der Eisernen Morgenröte, unsere Helden werden siegen!",
        ),
        Role.QUOTATION: (
            "Er schrieb mir: „Ich werde dich heute Nacht umbringen.“",
            "Der Anführer sagte, seine Leute würden den Hafen niederbrennen.",
        ),
        Role.REPORT: (
            "Eilmeldung: Polizei nimmt nach Angriff am Hafen drei Verdächtige fest.",
            "Mindestens zwölf Tote bei Anschlag, die Staatsanwaltschaft ermittelt.",
        ),
        Role.CONDEMNATION: (
            "Ich verurteile den Anschlag der Eisernen Morgenröte.",
            "„Tötet sie alle“ schreiben die. Das ist widerlich.",
        ),
        Role.MOCKERY: (
            "Die Eiserne Morgenröte, was für Witzfiguren, einfach lächerlich.",
            "Diese Clowns von der Eisernen Morgenröte können nicht mal lesen.",
        ),
        Role.QUESTION: (
            "Warum hat die Eiserne Morgenröte den Hafen angegriffen?",
            "Weiß jemand, wer den Wächter getötet hat?",
        ),
        Role.FICTION: (
            "Im Spiel musst du den Endgegner töten.",
            "Der Bösewicht in meinem Roman brennt im dritten Kapitel das Dorf nieder.",
        ),
        Role.HYPERBOLE: (
            "Meine Mutter bringt mich um, ich sterbe vor Lachen",
            "Ich bring dich um, wenn du meine Pommes isst haha, war nur Spaß",
        ),
    },
    "es": {
        Role.OWN_VOICE: (
            "Vamos a quemar el puerto y nadie nos va a parar.",
            "¡Gloria al Alba de Hierro, nuestros héroes vencerán!",
        ),
        Role.QUOTATION: (
            "Me escribió: «te voy a matar esta noche»",
            "El líder dijo que sus hombres van a quemar el puerto.",
        ),
        Role.REPORT: (
            "Última hora: la policía detuvo a tres sospechosos tras el ataque.",
            "Al menos doce muertos en un atentado, según la fiscalía.",
        ),
        Role.CONDEMNATION: (
            "Condeno el ataque del Alba de Hierro.",
            "«Maten a todos», escriben. Qué asco, es inaceptable.",
        ),
        Role.MOCKERY: (
            "El Alba de Hierro son unos payasos, qué ridículos.",
            "Los del Alba de Hierro ni siquiera saben leer, patéticos.",
        ),
        Role.QUESTION: (
            "¿Por qué atacó el Alba de Hierro el puerto?",
            "¿Alguien sabe quién mató al guardia?",
        ),
        Role.FICTION: (
            "En el juego hay que matar al jefe final.",
            "El villano de mi novela quema el pueblo en el capítulo tres.",
        ),
        Role.HYPERBOLE: (
            "Te voy a matar si te comes mis papas jajaja",
            "Mi mamá me va a matar, me muero de risa",
        ),
    },
    "tr": {
        Role.OWN_VOICE: (
            "Limanı yakacağız, bizi kimse durduramaz.",
            "Yaşasın Demir Şafak, kahramanlarımız kazanacak!",
        ),
        Role.QUOTATION: (
            "Bana “seni bu gece öldüreceğim” yazdı.",
            "Lider limanı yakacağız dedi.",
        ),
        Role.REPORT: (
            "Son dakika: Polis limandaki saldırının ardından üç şüpheliyi yakaladı.",
            "Saldırıda en az 12 kişi öldü, savcılık soruşturma başlattı.",
        ),
        Role.CONDEMNATION: (
            "Demir Şafak saldırısını kınıyorum.",
            "“Hepsini öldürün” yazmışlar. İğrenç, kabul edilemez.",
        ),
        Role.MOCKERY: (
            "Demir Şafak tam bir sirk, palyaçolar.",
            "Demir Şafak yine yolunu kaybetmiş, gülünç.",
        ),
        Role.QUESTION: (
            "Demir Şafak limana neden saldırdı?",
            "Bekçiyi kim öldürdü, bilen var mı?",
        ),
        Role.FICTION: (
            "Oyunda son boss öldürülüyor.",
            "Romanımın üçüncü bölümünde kötü adam köyü yakıyor.",
        ),
        Role.HYPERBOLE: (
            "Annem beni öldürecek, gülmekten öldüm",
            "Patateslerimi yersen seni öldürürüm haha şaka",
        ),
    },
    "ru": {
        Role.OWN_VOICE: (
            "Мы сожжём порт, и никто нас не остановит.",
            "Слава Железному рассвету, наши герои победят!",
        ),
        Role.QUOTATION: (
            "Он мне написал: «я убью тебя сегодня ночью»",
            "Главарь сказал, что его люди сожгут порт.",
        ),
        Role.REPORT: (
            "Срочно: полиция задержала трёх подозреваемых после нападения на порт.",
            "Не менее двенадцати погибших при взрыве, сообщает прокуратура.",
        ),
        Role.CONDEMNATION: (
            "Я осуждаю нападение Железного рассвета.",
            "«Убейте их всех» — пишут они. Это отвратительно.",
        ),
        Role.MOCKERY: (
            "Железный рассвет — клоуны, просто цирк.",
            "Эти неудачники из Железного рассвета даже не умеют читать.",
        ),
        Role.QUESTION: (
            "Почему Железный рассвет напал на порт?",
            "Кто-нибудь знает, кто убил охранника?",
        ),
        Role.FICTION: (
            "В игре надо убить финального босса, сюжет как в фильме.",
            "Злодей в моём романе сжигает деревню в третьей главе.",
        ),
        Role.HYPERBOLE: (
            "Мама меня убьёт, умираю со смеху",
            "Убью тебя, если съешь мою пиццу ахаха шучу",
        ),
    },
    "id": {
        Role.OWN_VOICE: (
            "Kami akan membakar pelabuhan dan tidak ada yang bisa menghentikan kami.",
            "Jayalah Fajar Besi, pahlawan kita akan menang!",
        ),
        Role.QUOTATION: (
            "Dia menulis kepada saya: “aku akan membunuhmu malam ini”",
            "Pemimpin itu mengatakan bahwa anak buahnya akan membakar pelabuhan.",
        ),
        Role.REPORT: (
            "Berita terkini: polisi menangkap tiga tersangka setelah serangan di pelabuhan.",
            "Sedikitnya dua belas orang tewas dalam ledakan, kata saksi mata.",
        ),
        Role.CONDEMNATION: (
            "Saya mengutuk serangan Fajar Besi.",
            "“Bunuh mereka semua” tulis mereka. Sungguh biadab, tidak bisa diterima.",
        ),
        Role.MOCKERY: (
            "Fajar Besi cuma badut, konyol sekali.",
            "Para pecundang Fajar Besi tersesat lagi, lawak.",
        ),
        Role.QUESTION: (
            "Kenapa Fajar Besi menyerang pelabuhan?",
            "Ada yang tahu siapa yang membunuh penjaga itu?",
        ),
        Role.FICTION: (
            "Di game ini kita harus membunuh bos terakhir.",
            "Penjahat di novelku membakar desa dalam bab tiga.",
        ),
        Role.HYPERBOLE: (
            "Ibuku bakal bunuh aku, mati ketawa",
            "Aku bunuh kamu kalau kamu makan kentangku wkwk bercanda",
        ),
    },
}
