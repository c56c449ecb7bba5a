{#
    After a build or test on tables of a user's own: which red tests mean the tables, and which the marts. Nothing is
    said of a simulation.
-#}
{% macro tell_data_from_bugs(results) %}
    {%- if execute and not var('simulated') and flags.WHICH in ['build', 'test'] -%}
        {%- set found = {'input': [], 'identity': []} -%}
        {%- set ran = {'input': 0, 'identity': 0} -%}
        {%- set skipped = [] -%}
        {%- for result in results if result.node.resource_type == 'test' and result.node.package_name == 'saas_kpis' -%}
            {%- for tag in ran if tag in result.node.tags -%}
                {%- do ran.update({tag: ran[tag] + 1}) -%}
                {%- if result.status in ['fail', 'warn', 'error'] -%}
                    {%- do found[tag].append(result.node.name) -%}
                {%- elif result.status == 'skipped' and tag == 'identity' -%}
                    {%- do skipped.append(result.node.name) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- set said = [] -%}
        {%- if found['input'] -%}
            {%- do said.append(counted(found['input'] | length, 'check') ~ ' of your data failed: '
                ~ found['input'] | sort | join(', ')) -%}
        {%- elif ran['input'] -%}
            {%- do said.append('your data passed ' ~ counted(ran['input'], 'check')) -%}
        {%- endif -%}
        {%- if found['identity'] -%}
            {%- do said.append('the marts break ' ~ found['identity'] | length ~ ' of their identities: '
                ~ found['identity'] | sort | join(', ')) -%}
        {%- elif skipped -%}
            {%- do said.append(skipped | length ~ " of the marts' identities were not checked, for these marts were not"
                ~ ' built anew') -%}
        {%- elif ran['identity'] -%}
            {%- do said.append("the marts' identities hold") -%}
        {%- endif -%}
        {%- if said -%}
            {%- set line = said | join('; ') ~ '.' -%}
            {%- set advice = '' if not found['identity'] else ' Mend your data first, and build again.' if found['input']
                else ' If your data pass their checks, that is a bug of saas_kpis: please report it.' -%}
            {%- do log(line[0] | upper ~ line[1:] ~ advice, info=True) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{# So many of something. #}
{% macro counted(number, noun) %}
    {{ return(number ~ ' ' ~ noun ~ ('' if number == 1 else 's')) }}
{% endmacro %}
