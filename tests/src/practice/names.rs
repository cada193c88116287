//! The names of patients and staff: family and given names as they stand in registers of several cultures, accents and all.

use super::random::Random;

/// Names, parted by commas.
pub(super) type Names = &'static str;

/// One culture's names. `given_*` and `family` are combined freely.
#[derive(Debug)]
pub(super) struct Culture {
    pub(super) given_female: Names,
    pub(super) given_male: Names,
    pub(super) family: Names,
    /// How family names are joined when a person bears two.
    pub(super) double: Double,
    /// BCP 47 tag of the language some of them prefer, and its English name.
    pub(super) language: Option<(&'static str, &'static str)>,
    /// Share among the patients, in parts of 100.
    pub(super) share: u64,
}

/// The custom of double surnames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Double {
    /// One family name.
    Never,
    /// Father's and mother's name side by side, for most.
    Usual,
    /// Two names with a hyphen, for a few.
    Hyphen,
}

pub(super) const CULTURES: [Culture; 10] =
    [ENGLISH, IRISH, HISPANIC, VIETNAMESE, CHINESE, INDIAN, ARABIC, SLAVIC, NORDIC, WEST_AFRICAN];

const ENGLISH: Culture = Culture {
    given_female: "Abigail, Alice, Barbara, Carol, Charlotte, Deborah, Dorothy, Eleanor, Emily, Evelyn, Grace, \
        Hannah, Harper, Helen, Judith, Karen, Linda, Margaret, Nancy, Olivia, Patricia, Ruth, Susan, \
        Virginia, Zoë",
    given_male: "Andrew, Benjamin, Caleb, Charles, Daniel, Douglas, Edward, Ethan, Frank, George, Harold, Henry, \
        Isaac, Jacob, James, Leonard, Logan, Michael, Noah, Raymond, Robert, Samuel, Theodore, Walter, \
        William",
    family: "Adams, Allen, Baker, Bennett, Brooks, Carter, Clark, Collins, Cooper, Davis, Edwards, Ellis, \
        Fletcher, Foster, Gray, Hall, Harris, Hughes, Jackson, Johnson, Jones, Lewis, Marsh, Miller, \
        Mitchell, Moore, Parker, Porter, Reed, Roberts, Scott, Smith, Taylor, Turner, Walker, Ward, \
        Washington, Wells, Williams, Wright",
    double: Double::Hyphen,
    language: None,
    share: 34,
};

const IRISH: Culture = Culture {
    given_female: "Aoife, Bridget, Caitlín, Colleen, Fiona, Kathleen, Maeve, Maureen, Niamh, Róisín, Sinéad",
    given_male: "Aidan, Brendan, Cillian, Colm, Conor, Declan, Kevin, Liam, Pádraig, Ronan, Seán",
    family: "Brennan, Byrne, Callaghan, Doyle, Fitzgerald, Gallagher, Kelly, MacLeod, McCarthy, McDonald, \
        Murphy, Nolan, O'Brien, O'Connor, O'Neill, O'Sullivan, Quinn, Ryan, Sweeney",
    double: Double::Hyphen,
    language: None,
    share: 10,
};

const HISPANIC: Culture = Culture {
    given_female: "Adriana, Alejandra, Ana, Beatriz, Carmen, Daniela, Elena, Esperanza, Guadalupe, Inés, Isabel, \
        Lucía, Luz, Maria, María José, Marisol, Paloma, Rosa, Sofía, Valentina, Ximena, Yolanda",
    given_male: "Adán, Alejandro, Andrés, Antonio, Carlos, Diego, Eduardo, Emiliano, Ernesto, Fernando, Héctor, \
        Iván, Javier, Jesús, Jorge, José Luis, Juan, Luis, Mateo, Miguel Ángel, Óscar, Raúl",
    family: "Álvarez, Castillo, Cruz, Delgado, Díaz, Escobedo, Fernández, Flores, Garcia, García, Gómez, \
        González, Guerrero, Gutiérrez, Hernández, Jiménez, López, Martínez, Medina, Mejía, Morales, \
        Muñoz, Núñez, Ortega, Peña, Pérez, Ramírez, Ramos, Reyes, Rivera, Rodríguez, Ruiz, Sánchez, \
        Torres, Treviño, Vargas, Vásquez, Zúñiga",
    double: Double::Usual,
    language: Some(("es", "Spanish")),
    share: 22,
};

const VIETNAMESE: Culture = Culture {
    given_female: "Bích, Hạnh, Hoa, Hương, Lan, Linh, Mai, Ngọc, Thảo, Thủy, Trang, Yến",
    given_male: "Anh, Bảo, Cường, Dũng, Đức, Hùng, Khoa, Long, Minh, Nam, Quang, Tuấn",
    family: "Bùi, Đặng, Đỗ, Hồ, Huỳnh, Lê, Ngô, Nguyen, Nguyễn, Phạm, Phan, Trần, Võ, Vũ",
    double: Double::Never,
    language: Some(("vi", "Vietnamese")),
    share: 5,
};

const CHINESE: Culture = Culture {
    given_female: "Fang, Hui, Jing, Li Na, Mei, Min, Qing, Wen, Xia, Xiao Ling, Yan, Ying",
    given_male: "Bo, Chen, Guang, Hao, Jian, Jun, Lei, Ming, Qiang, Tao, Wei, Zhi Wei",
    family: "Chan, Chen, Cheung, Gao, Guo, He, Huang, Lam, Li, Liang, Lin, Liu, Lü, Wang, Wong, Wu, Xu, Yang, \
        Zhang, Zhao",
    double: Double::Never,
    language: Some(("zh", "Chinese")),
    share: 6,
};

const INDIAN: Culture = Culture {
    given_female: "Aditi, Ananya, Deepa, Divya, Kavita, Lakshmi, Meera, Neha, Priya, Rekha, Shreya, Sunita",
    given_male: "Aarav, Amit, Arjun, Deepak, Ganesh, Karthik, Manish, Nikhil, Rajesh, Rohan, Sanjay, Vikram",
    family: "Agarwal, Bhat, Chopra, Desai, Gupta, Iyer, Kapoor, Khan, Kumar, Mehta, Nair, Patel, Rao, Reddy, \
        Shah, Sharma, Singh, Subramanian",
    double: Double::Never,
    language: Some(("hi", "Hindi")),
    share: 6,
};

const ARABIC: Culture = Culture {
    given_female: "Aisha, Amal, Fatima, Hanan, Huda, Layla, Mariam, Nadia, Noor, Rania, Salma, Yasmin",
    given_male: "Ahmad, Ali, Bilal, Faisal, Hassan, Ibrahim, Karim, Khalid, Mohammed, Omar, Tariq, Youssef",
    family: "Abdallah, Al-Amin, Al-Hassan, Aziz, Bakr, El-Sayed, Farah, Haddad, Hamdan, Khoury, Mansour, \
        Nasser, Rahman, Saleh",
    double: Double::Never,
    language: Some(("ar", "Arabic")),
    share: 4,
};

const SLAVIC: Culture = Culture {
    given_female: "Agnieszka, Danuta, Elżbieta, Halina, Irina, Jiřina, Katarzyna, Małgorzata, Olga, Svetlana, Věra, \
        Zofia",
    given_male: "Andrzej, Boris, Dmitri, Grzegorz, Ivan, Jiří, Krzysztof, Łukasz, Marek, Stanisław, Tomáš, \
        Zbigniew",
    family: "Dvořák, Horák, Ivanov, Kamiński, Kovač, Kowalczyk, Kowalski, Lewandowski, Nowak, Petrov, Šimek, \
        Szymański, Wójcik, Wiśniewski, Zieliński, Żukowski",
    double: Double::Hyphen,
    language: Some(("pl", "Polish")),
    share: 5,
};

const NORDIC: Culture = Culture {
    given_female: "Astrid, Brigitte, Chloé, Émilie, Freya, Geneviève, Ingrid, Jörgine, Käthe, Renée, Solveig, \
        Sigrún",
    given_male: "André, Anders, Björn, François, Friedrich, Jürgen, Lars, Magnus, Olaf, René, Søren, Þór",
    family: "Andersson, Beauchêne, Björk, d'Arcy, Dubois, Größer, Hansen, Jørgensen, Köhler, Lefèvre, \
        Lindström, Müller, Ødegård, Schäfer, Schmidt, van den Berg, von Weiss, Weiß",
    double: Double::Hyphen,
    language: None,
    share: 5,
};

const WEST_AFRICAN: Culture = Culture {
    given_female: "Abena, Adaeze, Ama, Amara, Chiamaka, Efua, Ifeoma, Ngozi, Oluwaseun, Yaa, Yetunde, Zainab",
    given_male: "Babajide, Chidi, Emeka, Femi, Ikenna, Kofi, Kwabena, Kwame, Obinna, Olumide, Tunde, Yaw",
    family: "Abubakar, Adeyemi, Agyeman, Asante, Balogun, Boateng, Diallo, Eze, Mensah, N'Diaye, Nwosu, \
        Okafor, Okonkwo, Osei, Owusu, Traoré",
    double: Double::Never,
    language: None,
    share: 3,
};

/// One of the names.
pub(super) fn pick_name(random: &mut Random, names: Names) -> &'static str {
    let count = names.split(", ").count();
    let at = random.below(count as u64);
    names.split(", ").nth(usize::try_from(at).unwrap_or(0)).unwrap_or(names)
}

/// Given names with a short form that the person goes by.
pub(super) const NICKNAMES: [(&str, &str); 18] = [
    ("Abigail", "Abby"),
    ("Andrew", "Andy"),
    ("Benjamin", "Ben"),
    ("Charles", "Chuck"),
    ("Deborah", "Debbie"),
    ("Edward", "Ted"),
    ("Eleanor", "Ellie"),
    ("Guadalupe", "Lupe"),
    ("Harold", "Hal"),
    ("Jesús", "Chuy"),
    ("Katarzyna", "Kasia"),
    ("Kathleen", "Kathy"),
    ("Margaret", "Peggy"),
    ("Michael", "Mike"),
    ("Patricia", "Pat"),
    ("Robert", "Bob"),
    ("Theodore", "Theo"),
    ("William", "Bill"),
];

pub(super) const STREETS: [&str; 20] = [
    "Alder Street",
    "Bridge Street",
    "Canal Road",
    "Cedar Avenue",
    "Chestnut Street",
    "Depot Street",
    "Elm Street",
    "Foundry Lane",
    "Harbor View Drive",
    "Highland Avenue",
    "Juniper Court",
    "Lakeshore Road",
    "Maple Street",
    "Mill Pond Road",
    "Oak Hill Road",
    "Orchard Lane",
    "Quarry Road",
    "River Road",
    "School Street",
    "Willow Way",
];

/// Invented towns with an unused part of the postal range.
pub(super) const TOWNS: [(&str, &str); 6] = [
    ("Alder Falls", "05991"),
    ("East Harbor", "05992"),
    ("Granite Notch", "05993"),
    ("Maple Junction", "05994"),
    ("Otter Creek", "05995"),
    ("St. Brendan", "05996"),
];
