"""Official documents as files: what they say is built once, and written as docx, pdf or xlsx.

`bulletin`, `weekly`, `slip`, `special_report` and `issue_notice` turn plain values into a :class:`model.Document`; `docx` and
`pdf` write one, `sheets` writes tables. Functions take plain values and give bytes. The texts are office
Chinese in every language of the user: an official document has one language.
"""
